"""Media of the evaluation room: engines that forward it, the recorder, the voice masker, the site gateway."""
