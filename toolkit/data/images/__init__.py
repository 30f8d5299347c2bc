"""Pictures: with classes, in pairs, in two sorts, or with nothing known of them."""
