package org.hgcmdserver.worker.prefork;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.hgcmdserver.worker.CommandServer;

/**
 * How to start a template: Mercurial's own interpreter with src/main/python/main.py in place of the
 * hg script.
 *
 * @param hg the absolute path of hg
 * @param options hg's own options, such as -R
 * @param main the path of main.py
 * @param maxRequest the longest request that a worker takes, in bytes
 * @param idleTimeout after which a connection that asks nothing is ended; never if empty
 * @param maxRepoCache how many repositories are kept loaded
 */
public record TemplateProgram(
        String hg,
        List<String> options,
        Path main,
        long maxRequest,
        Optional<Duration> idleTimeout,
        int maxRepoCache) {

    /**
     * argv of a template, the interpreter's absolute path first.
     *
     * @param warmUp a directory for the template's private repository
     * @throws IOException if hg is no Python script, with what it is
     */
    List<String> templateArguments(Path warmUp) throws IOException {
        return arguments("template", warmUp.toString(), String.valueOf(maxRepoCache));
    }

    /**
     * A command server of one connection that is as strict as the forked workers are; Mercurial's
     * own if hg is no Python script.
     */
    public CommandServer commandServer() {
        CommandServer own = CommandServer.mercurial(hg, options);
        try {
            List<String> all = arguments("pipe");
            return new CommandServer(all.get(0), all, own.environment(), true);
        } catch (IOException notPython) {
            return own;
        }
    }

    private List<String> arguments(String mode, String... more) throws IOException {
        List<String> all = new ArrayList<>(interpreter());
        double idleSeconds = idleTimeout.map(Duration::toMillis).orElse(0L) / 1000.0;
        all.addAll(
                List.of(
                        main.toString(),
                        mode,
                        hg,
                        String.valueOf(maxRequest),
                        String.valueOf(idleSeconds)));
        all.addAll(List.of(more));
        all.addAll(options);
        return all;
    }

    /** The interpreter that hg's first line names (execve(2), "#!"), with its argument if any. */
    private List<String> interpreter() throws IOException {
        String first;
        try (BufferedReader reader =
                Files.newBufferedReader(Path.of(hg), StandardCharsets.ISO_8859_1)) {
            first = String.valueOf(reader.readLine());
        }
        if (!first.startsWith("#!") || !first.contains("python")) {
            throw new IOException(hg + " is no Python script");
        }
        List<String> words = new ArrayList<>(List.of(first.substring(2).strip().split("\\s+", 2)));
        return words;
    }
}
