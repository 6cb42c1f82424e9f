"""The one reader of files, for data sets, the command line, training and audits: it knows no database and no engine.

| module | what it holds |
|---|---|
| `parsing` | `parse`: from a file to rows and faults, under a mapping of columns that is given or guessed |
| `files` | `read_file`: a file that somebody names, as a whole, with an error that names it |
| `delimited`, `records_of_lines`, `jsonlines`, `parquet`, `unpack` | the formats |
| `decoding` | which encoding, and the lines of plain text files |
| `columns`, `cells` | which column is what, and what a cell says |
| `labels` | which class of a model a label means |
| `faults`, `report` | what can be wrong, in words, and how often it was |
"""
