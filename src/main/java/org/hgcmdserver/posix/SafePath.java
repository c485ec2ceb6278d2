package org.hgcmdserver.posix;

import java.io.IOException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The way to a file: each directory from the root on, and each symbolic link, in the order in which
 * the kernel follows them (path_resolution(7)). By the rule of safe_path in OpenSSH's misc.c nobody
 * but root and some users may be able to replace one of them, and with it the file.
 */
public final class SafePath {

    /** Type and permission bits of st_mode in inode(7). */
    private static final int S_IFMT = 0170000;

    private static final int S_IFLNK = 0120000;
    private static final int S_IFDIR = 0040000;
    private static final int S_ISVTX = 01000;
    private static final int S_IWGRP = 0020;
    private static final int S_IWOTH = 0002;

    /** The highest number of a group of root's alone: on macOS the group daemon has /var/run. */
    private static final int LAST_OF_ROOTS_GROUPS = Os.LINUX ? -1 : 1;

    private static final Path ROOT = Path.of("/");

    /** As many as Linux follows (MAXSYMLINKS in its namei.h). */
    private static final int MOST_LINKS = 40;

    private final OptionalLong further;

    /** In a user namespace root's files may belong to an unmapped user. */
    private final long ownerOfRoot;

    private SafePath(OptionalLong further) throws IOException {
        this.further = further;
        ownerOfRoot = owner(attributes(ROOT));
    }

    /**
     * What lets another user replace a file.
     *
     * @param place a directory or a symbolic link on the way to the file
     * @param owner the other user; empty if the directory's permissions let others write to it
     */
    public record Flaw(Path place, OptionalLong owner) {

        /** What is wrong, and with what; says not what to do. */
        public String reason() {
            return owner.isPresent()
                    ? "%s belongs to %s, who can replace files there"
                            .formatted(place, Users.name(owner.getAsLong()))
                    : "others can replace files in " + place;
        }
    }

    /**
     * Finds the first place on the way to a file that lets users replace the file who are neither
     * this process's user nor root.
     *
     * @param path absolute; the file itself may belong to anybody, unless it is a directory or a
     *     symbolic link
     * @param further one more user who may replace the file
     * @throws IOException if the way ends early, or this user must not see the rest of it
     */
    public static Optional<Flaw> findFlaw(Path path, OptionalLong further) throws IOException {
        return Optional.ofNullable(new SafePath(further).follow(path));
    }

    private Flaw follow(Path path) throws IOException {
        Deque<Path> ahead = new ArrayDeque<>();
        path.forEach(ahead::add);
        Path at = ROOT;
        Flaw flaw = flawOf(ROOT, attributes(ROOT));
        for (int links = 0; flaw == null && !ahead.isEmpty(); ) {
            String name = ahead.peek().toString();
            Path next = at.resolve(ahead.pop());
            if (name.equals("..")) {
                at = at.equals(ROOT) ? ROOT : at.getParent(); // passed already
            } else if (!name.isEmpty() && !name.equals(".")) {
                Map<String, Object> attributes = attributes(next);
                flaw = flawOf(next, attributes);
                if (type(attributes) != S_IFLNK) {
                    at = next;
                } else if (flaw == null) {
                    if (++links > MOST_LINKS) {
                        throw new FileSystemLoopException(path.toString());
                    }
                    Path target = Files.readSymbolicLink(next);
                    for (int i = target.getNameCount() - 1; i >= 0; i--) {
                        ahead.push(target.getName(i));
                    }
                    at = target.isAbsolute() ? ROOT : at;
                }
            }
        }
        return flaw;
    }

    /** Null if there is none. */
    private Flaw flawOf(Path place, Map<String, Object> attributes) {
        int type = type(attributes);
        if (type != S_IFDIR && type != S_IFLNK) {
            return null;
        }
        long owner = owner(attributes);
        if (owner != Users.self()
                && owner != 0
                && owner != ownerOfRoot
                && (further.isEmpty() || owner != further.getAsLong())) {
            return new Flaw(place, OptionalLong.of(owner));
        }
        int mode = (Integer) attributes.get("mode");
        long group = Integer.toUnsignedLong((Integer) attributes.get("gid"));
        int writers = group <= LAST_OF_ROOTS_GROUPS ? S_IWOTH : S_IWGRP | S_IWOTH;
        boolean isForOthers = (mode & writers) != 0 && (mode & S_ISVTX) == 0;
        return type == S_IFDIR && isForOthers ? new Flaw(place, OptionalLong.empty()) : null;
    }

    private static Map<String, Object> attributes(Path path) throws IOException {
        return Files.readAttributes(path, "unix:uid,gid,mode", LinkOption.NOFOLLOW_LINKS);
    }

    private static long owner(Map<String, Object> attributes) {
        return Integer.toUnsignedLong((Integer) attributes.get("uid"));
    }

    private static int type(Map<String, Object> attributes) {
        return (Integer) attributes.get("mode") & S_IFMT;
    }
}
