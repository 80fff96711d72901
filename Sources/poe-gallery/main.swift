import PoeArguments

GalleryCommand.runCommand()
