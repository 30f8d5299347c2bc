"""Tables: csv files of numbers and classes, and the columns of any table."""
