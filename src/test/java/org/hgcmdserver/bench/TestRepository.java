package org.hgcmdserver.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A repository made by a fixed recipe, the requests that the benchmark measures on it, and the
 * right answers, which come from plain hg.
 */
final class TestRepository {

    private static final int FILES = 50;

    private final Path path;
    private final int revisions;
    private final Map<String, List<String>> requests = new LinkedHashMap<>();
    private final Map<String, String> answers = new HashMap<>();

    private TestRepository(Path path, int revisions) {
        this.path = path;
        this.revisions = revisions;
    }

    /**
     * A linear history: revisions without files, one that adds all files, and one that edits a
     * file.
     */
    static TestRepository create(Path path, int revisions) throws Exception {
        TestRepository repository = new TestRepository(path, revisions);
        hg("init", path.toString());
        int synthetic = revisions - 2;
        // the greater part of the history needs no files; one command makes it
        hg("debugbuilddag", "-R", path.toString(), "--config", "ui.username=t", "+" + synthetic);
        hg("update", "-q", "-R", path.toString(), "tip");
        for (int i = 0; i < FILES; i++) {
            Path file = path.resolve("dir" + i % 5).resolve("file" + i);
            Files.createDirectories(file.getParent());
            Files.writeString(file, ("line of file " + i + "\n").repeat(40));
        }
        hg("commit", "-q", "-A", "-R", path.toString(), "-u", "t", "-d", "0 0", "-m", "files");
        Files.writeString(path.resolve("dir0/file0"), "edited\n");
        hg("commit", "-q", "-R", path.toString(), "-u", "t", "-d", "0 0", "-m", "an edit");
        hg("status", "-R", path.toString()); // writes the caches
        String r = path.toString();
        repository.requests.put("hello", List.of());
        repository.requests.put("log -l1", List.of("log", "-l1", "-R", r));
        repository.requests.put("status", List.of("status", "-R", r));
        repository.requests.put("identify", List.of("identify", "-R", r));
        repository.requests.put("cat", List.of("cat", "-R", r, r + "/dir1/file1"));
        repository.requests.put("diff -c tip", List.of("diff", "-c", "tip", "-R", r));
        for (Map.Entry<String, List<String>> request : repository.requests.entrySet()) {
            if (!request.getValue().isEmpty()) {
                String[] arguments = request.getValue().toArray(String[]::new);
                repository.answers.put(request.getKey(), hg(arguments));
            }
        }
        return repository;
    }

    private static String hg(String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of("hg"));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("HGPLAIN", "1");
        builder.environment().put("HGENCODING", "UTF-8");
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes());
        if (process.waitFor() != 0) {
            throw new IOException(command + ": " + output);
        }
        return output;
    }

    Path path() {
        return path;
    }

    int revisions() {
        return revisions;
    }

    /** The requests by name; "hello" is only the connection. */
    Map<String, List<String>> requests() {
        return requests;
    }

    String answer(String request) {
        return answers.get(request);
    }
}
