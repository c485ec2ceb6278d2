package org.hgcmdserver.listener;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;

/** The identity of a file: its device and its number there (inode(7)). */
record Inode(long device, long number) {
    static Inode of(Path path) throws IOException {
        return read(path, LinkOption.NOFOLLOW_LINKS);
    }

    /** The identity of the file that a symbolic link leads to. */
    static Inode ofTarget(Path path) throws IOException {
        return read(path);
    }

    private static Inode read(Path path, LinkOption... options) throws IOException {
        Map<String, Object> attributes = Files.readAttributes(path, "unix:dev,ino", options);
        return new Inode((Long) attributes.get("dev"), (Long) attributes.get("ino"));
    }

    /** Written out: the first use of a record's own method links it, which slows the start. */
    @Override
    public boolean equals(Object other) {
        return other instanceof Inode inode && inode.device == device && inode.number == number;
    }

    @Override
    public int hashCode() {
        return Long.hashCode(device ^ number);
    }

    boolean isAt(Path path) {
        try {
            return equals(of(path));
        } catch (NoSuchFileException e) {
            return false;
        } catch (IOException e) {
            return true; // such as a directory that is not searchable for now
        }
    }
}
