"""Many images, one after the other, without anybody at the mouse."""
