//! Features in, binary glTF out: the content of 3D tiles.
