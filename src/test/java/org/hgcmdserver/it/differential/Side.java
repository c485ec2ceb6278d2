package org.hgcmdserver.it.differential;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The repositories of one side, and the user's configuration there. */
final class Side {

    /** The names of all repositories that a sequence may use. */
    private static final List<String> REPOSITORIES = List.of("repo", "other", "share");

    private final Path root;
    private final Path home;
    private final PlainHg hg;

    Side(Path root, Path home, Map<String, String> environment) {
        this.root = root;
        this.home = home;
        hg = new PlainHg(environment, home, root);
    }

    Path root() {
        return root;
    }

    PlainHg hg() {
        return hg;
    }

    Path directory(String where) {
        return root.resolve(where).normalize();
    }

    /** The existing repositories, by name. */
    List<String> repositories() {
        return REPOSITORIES.stream()
                .filter(r -> Files.exists(directory(r).resolve(".hg")))
                .toList();
    }

    /** The repositories that this step may have changed. */
    List<String> touched(Step step) {
        List<String> there = repositories();
        if (there.contains("share") || step.words().contains("push")) {
            return there;
        }
        return there.contains(step.where()) ? List.of(step.where()) : List.of("repo");
    }

    /** Asks plain hg; returns the answers by the names of queries and repositories. */
    Map<String, Answer> ask(List<Query> queries, List<String> repositories) throws IOException {
        Map<String, List<String>> commands = new LinkedHashMap<>();
        for (String repository : repositories) {
            for (Query query : queries) {
                String directory = directory(repository).toString();
                commands.put(name(query, repository), Query.in(directory, query.command()));
            }
        }
        return commands.isEmpty() ? Map.of() : hg.runEach(commands);
    }

    static String name(Query query, String repository) {
        return query.name() + "@" + repository;
    }

    /** Runs a step that is not an hg command. */
    Answer change(List<String> words) {
        Path file = path(words.get(1));
        List<String> rest = words.subList(2, words.size());
        try {
            switch (words.get(0)) {
                case "write" -> Files.writeString(parent(file), rest.get(0));
                case "append" ->
                        Files.writeString(
                                parent(file),
                                rest.get(0),
                                StandardOpenOption.CREATE,
                                StandardOpenOption.APPEND);
                case "delete" -> Files.delete(file);
                case "move" ->
                        Files.move(
                                file,
                                parent(path(rest.get(0))),
                                StandardCopyOption.REPLACE_EXISTING);
                case "executable" -> executable(file, true);
                case "plain" -> executable(file, false);
                default -> throw new IllegalArgumentException(words.toString());
            }
            return new Answer("0", "", "");
        } catch (IOException e) { // the step fails on both sides then
            return new Answer(e.getClass().getSimpleName(), "", "");
        }
    }

    private Path path(String name) {
        return name.startsWith("home/") ? home.resolve(name.substring(5)) : root.resolve(name);
    }

    private static Path parent(Path file) throws IOException {
        Files.createDirectories(file.getParent());
        return file;
    }

    private static void executable(Path file, boolean executable) throws IOException {
        if (!file.toFile().setExecutable(executable, false)) {
            throw new IOException();
        }
    }

    void delete() throws IOException {
        run("rm", "-rf", root.toString());
    }

    /** Runs a program other than hg, which must succeed. */
    static void run(String... command) throws IOException {
        List<String> all = new ArrayList<>(List.of(command));
        Process process = new ProcessBuilder(all).inheritIO().start();
        try {
            if (process.waitFor() != 0) {
                throw new IOException(all + " failed");
            }
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }
}
