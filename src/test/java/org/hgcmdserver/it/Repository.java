package org.hgcmdserver.it;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A real Mercurial repository of a test's own, made by hg itself. */
record Repository(Path path) {

    static Repository create(Path directory, String name) throws Exception {
        Path path = directory.resolve(name);
        Processes.run(directory, "hg", "init", path.toString()).succeeded();
        Files.writeString(path.resolve(".hg/hgrc"), "[ui]\nusername = Tester <t@example.org>\n");
        return new Repository(path);
    }

    /** Writes a file and commits it. */
    Repository commit(String file, String content, String message) throws Exception {
        Files.writeString(path.resolve(file), content);
        hg("commit", "--addremove", "-m", message).succeeded();
        return this;
    }

    Processes.Result hg(String... arguments) throws Exception {
        List<String> command =
                new ArrayList<>(List.of("env", "HGPLAIN=1", "HGENCODING=UTF-8", "hg"));
        command.addAll(List.of(arguments));
        return Processes.run(path, command.toArray(String[]::new));
    }

    @Override
    public String toString() {
        return path.toString();
    }
}
