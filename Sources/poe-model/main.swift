import PoeArguments

ModelCommand.runCommand(catchesInterrupt: false)
