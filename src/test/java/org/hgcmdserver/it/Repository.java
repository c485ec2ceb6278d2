package org.hgcmdserver.it;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/** A real Mercurial repository of a test's own, with the files that hg init makes. */
record Repository(Path path) {

    /**
     * The contents of the files of the first repository; directories have none. hg init would make
     * the same files again, and take its time.
     */
    private static final Map<Path, Optional<byte[]>> EMPTY = new TreeMap<>();

    static synchronized Repository create(Path directory, String name) throws Exception {
        Path path = directory.resolve(name);
        if (EMPTY.isEmpty()) {
            Processes.run(directory, "hg", "init", path.toString()).succeeded();
            remember(path);
        } else {
            for (Map.Entry<Path, Optional<byte[]>> file : EMPTY.entrySet()) {
                Path copy = path.resolve(file.getKey());
                if (file.getValue().isPresent()) {
                    Files.write(copy, file.getValue().get());
                } else {
                    Files.createDirectories(copy);
                }
            }
        }
        Files.writeString(path.resolve(".hg/hgrc"), "[ui]\nusername = Tester <t@example.org>\n");
        return new Repository(path);
    }

    private static void remember(Path repository) throws IOException {
        try (Stream<Path> files = Files.walk(repository)) {
            for (Path file : files.toList()) {
                boolean isFile = Files.isRegularFile(file);
                EMPTY.put(
                        repository.relativize(file),
                        isFile ? Optional.of(Files.readAllBytes(file)) : Optional.empty());
            }
        }
    }

    /** Writes a file and commits it. */
    Repository commit(String file, String content, String message) throws Exception {
        Files.writeString(path.resolve(file), content);
        hg("commit", "--addremove", "-m", message).succeeded();
        return this;
    }

    /** Runs a command by Mercurial's own server. */
    Processes.Result hg(String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of("--cwd", path.toString()));
        command.addAll(List.of(arguments));
        try (Session own = OwnServer.shared().connect()) {
            Session.Answer answer = own.run(command.toArray(String[]::new));
            return new Processes.Result(answer.status(), answer.out(), answer.err());
        }
    }

    @Override
    public String toString() {
        return path.toString();
    }
}
