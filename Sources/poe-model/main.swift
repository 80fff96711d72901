import PoeCommand

ModelCommand.runCommand(catchesInterrupt: false)
