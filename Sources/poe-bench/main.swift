import PoeArguments

// Nothing is left half done: Ctrl-C ends it wherever it is.
BenchCommand.runCommand(catchesInterrupt: false)
