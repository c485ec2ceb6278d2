package org.hgcmdserver.worker.prefork;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.hgcmdserver.posix.PlatformPath;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The directory of one template's private repository. The template removes the directory itself;
 * after a template has been killed, the daemon removes it.
 */
final class WarmUpDirectory {

    private static final Logger log = LoggerFactory.getLogger(WarmUpDirectory.class);

    /** The prefix of the directory's name. */
    private static final String NAME = "hg-cmdserver-";

    /**
     * The file of the private repository that is deleted first: a worker in the middle of a
     * rehearsal, which may recreate some files, sees by the missing file that it has to delete the
     * rest.
     */
    private static final String MARK = ".hg/requires";

    /** Those that are not deleted yet; used in the loop's thread only. */
    private static final Set<WarmUpDirectory> PRESENT = new LinkedHashSet<>();

    private final Path path;

    private WarmUpDirectory(Path path) {
        this.path = path;
        PRESENT.add(this);
    }

    /**
     * Deletes all directories before a reload, which ends their templates: the next image of this
     * process does not know the directory of a template that is killed meanwhile.
     */
    static void deleteAll() {
        List.copyOf(PRESENT).forEach(WarmUpDirectory::delete);
    }

    /**
     * Makes a directory in the temporary directory, or else in /tmp, as Python's tempfile does for
     * hg.
     *
     * @throws IOException if neither parent can be used, with the reason for each
     */
    static WarmUpDirectory create() throws IOException {
        Set<String> parents = new LinkedHashSet<>();
        parents.add(PlatformPath.temporaryDirectory());
        parents.add("/tmp");
        List<String> reasons = new ArrayList<>();
        for (String parent : parents) {
            try {
                return new WarmUpDirectory(PlatformPath.createTemporaryDirectory(parent, NAME));
            } catch (FileSystemException e) { // leave out its path, which differs each time
                String kind = e.getClass().getSimpleName();
                reasons.add(parent + ": " + (e.getReason() == null ? kind : e.getReason()));
            }
        }
        throw new IOException("cannot make a directory in " + String.join(", nor in ", reasons));
    }

    /** The message without the random part of the directory's name, the same at each attempt. */
    String removedFrom(String message) {
        return message.replace(path.getFileName().toString(), NAME + "*");
    }

    void delete() {
        PRESENT.remove(this);
        try {
            Files.deleteIfExists(path.resolve(MARK));
        } catch (IOException e) {
            log.debug("left in {}: {}", path, e.toString());
        }
        try (Stream<Path> tree = Files.walk(path)) {
            for (Path entry : (Iterable<Path>) tree.sorted(Comparator.reverseOrder())::iterator) {
                Files.deleteIfExists(entry);
            }
        } catch (IOException | java.io.UncheckedIOException e) {
            log.debug("left in {}: {}", path, e.toString());
        }
    }

    Path path() {
        return path;
    }
}
