package org.hgcmdserver.it.differential;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * The hg of the machine, and chg, a process for each command, with the environment of the daemon's
 * workers.
 */
final class PlainHg {

    private static final Path CHG = Path.of("/usr/bin/chg");

    private static final long PATIENCE = 300; // seconds, on any machine

    /** The exit status for a failure of forks.py itself, not of hg. */
    private static final int FORKS_FAILED = 254;

    private final Map<String, String> environment;
    private final Path root;

    /**
     * @param root the directory of the repositories, and of this class's own files
     */
    PlainHg(Map<String, String> environment, Path home, Path root) {
        this.environment = new LinkedHashMap<>(environment);
        this.environment.put("HOME", home.toString());
        this.root = root;
    }

    Answer run(Path directory, List<String> command) throws IOException {
        List<String> all = new ArrayList<>(List.of("hg"));
        all.addAll(Query.in(directory.toString(), command));
        return execute(all);
    }

    static boolean isChgThere() {
        return Files.isExecutable(CHG);
    }

    /** Runs a command by chg, whose server listens at the address. */
    Answer runByChg(Path address, Path directory, List<String> command) throws IOException {
        List<String> all = new ArrayList<>(List.of(CHG.toString()));
        all.addAll(Query.in(directory.toString(), command));
        return execute(all, Map.of("CHGSOCKNAME", address.toString()));
    }

    private Answer execute(List<String> command) throws IOException {
        return execute(command, Map.of());
    }

    private Answer execute(List<String> command, Map<String, String> more) throws IOException {
        Path out = Files.createTempFile(root, "hg", ".out");
        Path err = Files.createTempFile(root, "hg", ".err");
        try {
            ProcessBuilder builder =
                    new ProcessBuilder(command)
                            .directory(root.toFile())
                            .redirectInput(Path.of("/dev/null").toFile())
                            .redirectOutput(out.toFile())
                            .redirectError(err.toFile());
            builder.environment().clear();
            builder.environment().putAll(environment);
            builder.environment().putAll(more);
            Process process = builder.start();
            if (!process.waitFor(PATIENCE, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new IOException(command + " does not end");
            }
            return Answer.of(process.exitValue(), text(out), text(err), root);
        } catch (InterruptedException e) {
            throw new IOException(e);
        } finally {
            Files.delete(out);
            Files.delete(err);
        }
    }

    /**
     * Runs commands that only read. Each is a process, forked from one that has loaded Mercurial,
     * which saves most of the time.
     *
     * @param commands by the names for their answers
     */
    Map<String, Answer> runEach(Map<String, List<String>> commands) throws IOException {
        Path answers = Files.createDirectories(root.resolve("answers"));
        Path extension = answers.resolve("forks.py");
        try (InputStream source = PlainHg.class.getResourceAsStream("forks.py")) {
            Files.write(extension, source.readAllBytes());
        }
        StringBuilder list = new StringBuilder();
        for (Map.Entry<String, List<String>> each : commands.entrySet()) {
            list.append(answers.resolve(each.getKey()));
            each.getValue().forEach(word -> list.append('\0').append(word));
            list.append('\n');
        }
        Path file = Files.writeString(answers.resolve("list"), list);
        String config = "extensions.forks=" + extension;
        Answer all = execute(List.of("hg", "--config", config, "forks", file.toString()));
        if (!all.succeeded()) {
            throw new IOException(all.toString());
        }
        Map<String, Answer> answered = new LinkedHashMap<>();
        for (String name : commands.keySet()) {
            int status = Integer.parseInt(text(answers.resolve(name + ".status")));
            String out = text(answers.resolve(name + ".out"));
            String err = text(answers.resolve(name + ".err"));
            Answer answer = Answer.of(status, out, err, root);
            if (status == FORKS_FAILED && !answer.equals(Answer.CRASH)) {
                throw new IOException(err);
            }
            answered.put(name, answer);
        }
        return answered;
    }

    private static String text(Path file) throws IOException {
        return new String(Files.readAllBytes(file), UTF_8);
    }
}
