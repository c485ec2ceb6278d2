package org.hgcmdserver.posix;

import java.io.IOException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributeView;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * Whether anybody else can change or replace what is at a path: the rule of safe_path in OpenSSH's
 * misc.c. Whoever can write to a directory on the way can rename the next one and put another in
 * its place; in a sticky directory, such as /tmp, only the owner of a name can. The check follows
 * symbolic links one by one, as the kernel does (path_resolution(7)), since the directory of each
 * one counts too.
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
    private static final Path PROC = Path.of("/proc");

    /** As many as Linux follows (MAXSYMLINKS in its namei.h). */
    private static final int MOST_LINKS = 40;

    private final Set<Long> owners = new HashSet<>();
    private final boolean fileCounts;
    private final int others;

    /**
     * @param others the permission bits that nothing may have
     */
    private SafePath(OptionalLong further, boolean fileCounts, int others) throws IOException {
        owners.add(0L);
        owners.add(Users.self());
        // in a user namespace root's files may belong to an unmapped user
        owners.add(Attributes.of(ROOT).owner);
        further.ifPresent(owners::add);
        this.fileCounts = fileCounts;
        this.others = others;
    }

    /**
     * A file that somebody else can change, a directory in which somebody else can replace files,
     * or a link that somebody else can replace.
     *
     * @param at the file, directory or link
     * @param owner its owner if this is the wrong one; empty if the permissions are wrong
     * @param reason says who can do what, and where
     * @param remedy says what to do
     */
    public record Weakness(Path at, OptionalLong owner, String reason, String remedy) {}

    private record Attributes(long owner, long group, int mode) {

        static Attributes of(Path path, LinkOption... options) throws IOException {
            Map<String, Object> found = Files.readAttributes(path, "unix:uid,gid,mode", options);
            return new Attributes(
                    Integer.toUnsignedLong((Integer) found.get("uid")),
                    Integer.toUnsignedLong((Integer) found.get("gid")),
                    (Integer) found.get("mode"));
        }

        boolean is(int type) {
            return (mode & S_IFMT) == type;
        }
    }

    /**
     * The first directory or link on the way to a file, from the root directory on, that lets users
     * replace the file who are neither this process's user nor root.
     *
     * @param path the file itself may belong to anybody, unless it is a directory or a symbolic
     *     link
     * @param further one more user who may replace the file
     * @throws IOException if the way ends early, or this user must not see the rest of it
     */
    public static Optional<Weakness> onTheWay(Path path, OptionalLong further) throws IOException {
        return new SafePath(further, false, S_IWGRP | S_IWOTH).follow(path);
    }

    /**
     * Like {@link #onTheWay}, and the file counts too. Only for root do groups count as others:
     * where umask is 002, each user's files are writable for a group of this user alone. In a user
     * namespace that does not map root, nothing tells root's files from those of other users.
     */
    public static Optional<Weakness> ofFile(Path path) throws IOException {
        int others = Users.isRoot() ? S_IWGRP | S_IWOTH : S_IWOTH;
        return new SafePath(OptionalLong.empty(), true, others).follow(path);
    }

    private Optional<Weakness> follow(Path path) throws IOException {
        Deque<Path> ahead = new ArrayDeque<>();
        PlatformPath.workingDirectory().resolve(path).forEach(ahead::addLast);
        Path at = ROOT;
        Optional<Weakness> found = check(at, Attributes.of(at));
        for (int links = 0; found.isEmpty() && !ahead.isEmpty(); ) {
            Path next = step(at, ahead.removeFirst());
            Attributes attributes = Attributes.of(next, LinkOption.NOFOLLOW_LINKS);
            if (!attributes.is(S_IFLNK)) {
                at = next;
                found = check(at, attributes);
                continue;
            }
            if (++links > MOST_LINKS) {
                throw new FileSystemLoopException(path.toString());
            }
            found = checkOwner(next, attributes);
            Path target = Files.readSymbolicLink(next);
            if (at.startsWith(PROC) && ahead.isEmpty() && Files.notExists(at.resolve(target))) {
                // a pipe, to which a link leads that names no path (proc_pid_fd(5))
                return found.isPresent() ? found : check(next, Attributes.of(next));
            }
            at = target.isAbsolute() ? ROOT : at;
            for (int i = target.getNameCount() - 1; i >= 0; i--) {
                ahead.addFirst(target.getName(i));
            }
        }
        return found;
    }

    private static Path step(Path at, Path name) {
        return switch (name.toString()) {
            case "", "." -> at;
            case ".." -> at.equals(ROOT) ? ROOT : at.getParent(); // passed already
            default -> at.resolve(name);
        };
    }

    private Optional<Weakness> check(Path path, Attributes attributes) throws IOException {
        boolean isDirectory = attributes.is(S_IFDIR);
        if (!isDirectory && !fileCounts) {
            return Optional.empty();
        }
        Optional<Weakness> foreign = checkOwner(path, attributes);
        boolean isSticky = isDirectory && (attributes.mode & S_ISVTX) != 0;
        int writers =
                attributes.mode
                        & (attributes.group <= LAST_OF_ROOTS_GROUPS ? others & S_IWOTH : others);
        if (foreign.isPresent() || isSticky || writers == 0) {
            return foreign;
        }
        String reason =
                "%s can %s %s"
                        .formatted(
                                (writers & S_IWOTH) != 0 ? "all users" : "the group " + group(path),
                                isDirectory ? "replace files in" : "change",
                                path);
        return Optional.of(
                new Weakness(
                        path, OptionalLong.empty(), reason, "protect it with: chmod go-w " + path));
    }

    private static String group(Path path) throws IOException {
        return Files.getFileAttributeView(path, PosixFileAttributeView.class)
                .readAttributes()
                .group()
                .getName();
    }

    private Optional<Weakness> checkOwner(Path path, Attributes attributes) {
        if (owners.contains(attributes.owner)) {
            return Optional.empty();
        }
        boolean isDirectory = attributes.is(S_IFDIR);
        String reason =
                "%s belongs to %s, who can %s"
                        .formatted(
                                path,
                                Users.name(attributes.owner),
                                isDirectory ? "replace files there" : "change it");
        String remedy =
                isDirectory // which may be the home of that user
                        ? "choose another directory"
                        : "take it over with: chown -h %s %s"
                                .formatted(Users.name(Users.self()), path);
        return Optional.of(new Weakness(path, OptionalLong.of(attributes.owner), reason, remedy));
    }
}
