package org.hgcmdserver.worker.prefork;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.hgcmdserver.children.Children;
import org.hgcmdserver.posix.Environment;
import org.hgcmdserver.posix.EventLoop;
import org.hgcmdserver.posix.PlatformPath;
import org.hgcmdserver.posix.PlatformString;
import org.hgcmdserver.worker.CancelSecret;
import org.hgcmdserver.worker.CommandServer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The command lines of a template, of a proof and of a strict server of one connection: Mercurial's
 * own interpreter with src/main/python/main.py in place of the hg script. Used in the event loop's
 * thread.
 */
public final class TemplateProgram {

    private static final Logger log = LoggerFactory.getLogger(TemplateProgram.class);

    /** How this release of the daemon reads messages: see main.py. */
    private static final String FRAMING = "messages=lengths";

    private final String hg;
    private final List<String> options;
    private final Path main;
    private final Settings settings;

    /** Starts a proof of the strict server; null while the service does not run. */
    private ProofStarter proofStarter;

    /** The proof for the hg that {@link #provenHg} identifies; null if it was not started. */
    private StrictServerProof proof;

    private List<Object> provenHg = List.of();

    /**
     * How workers serve.
     *
     * @param maxRequest the longest request that a worker takes, in bytes
     * @param idleTimeout how long a connection without requests lasts; without limit if empty
     * @param maxRepoCache how many repositories the template keeps loaded
     * @param emailDomain of the addresses with which other users' commits are signed; the host's
     *     name if empty
     */
    public record Settings(
            long maxRequest,
            Optional<Duration> idleTimeout,
            int maxRepoCache,
            Optional<String> emailDomain) {}

    /** Starts a process that tries the strict server. */
    private interface ProofStarter {
        StrictServerProof start() throws IOException;
    }

    /** The interpreter as last read from the hg script; null if it never could be read. */
    private List<String> lastInterpreter;

    /**
     * @param hg the absolute path of hg
     * @param options hg's own options, such as -R
     * @param main the path of main.py
     */
    public TemplateProgram(String hg, List<String> options, Path main, Settings settings) {
        this.hg = hg;
        this.options = List.copyOf(options);
        this.main = main;
        this.settings = settings;
        commandServer(); // while the process is not short of descriptors
    }

    /**
     * argv of a template, the interpreter's absolute path first.
     *
     * @param warmUp a directory for the template's private repository, if there is one
     * @throws IOException if hg is not a Python script
     */
    List<String> templateArguments(Optional<Path> warmUp) throws IOException {
        List<String> values =
                new ArrayList<>(List.of(FRAMING, "max-repo-cache=" + settings.maxRepoCache()));
        warmUp.ifPresent(directory -> values.add("warm-up=" + PlatformPath.text(directory)));
        return templateArguments(values);
    }

    /**
     * argv of a template for commands of chg, the interpreter's absolute path first.
     *
     * @param warmUp a directory for the template's private repository, if there is one
     * @param preload whether the template is to load the configuration of its environment
     * @param rules which variables the template's environment has, as {@link
     *     org.hgcmdserver.posix.VariableRules} takes them
     * @throws IOException if hg is not a Python script, or its interpreter depends on a client's
     *     PATH
     */
    List<String> chgTemplateArguments(Optional<Path> warmUp, boolean preload, List<String> rules)
            throws IOException {
        if (interpreter().filter(words -> words.get(0).endsWith("/env")).isPresent()) {
            throw new IOException(hg + " names an interpreter that depends on PATH");
        }
        List<String> values = new ArrayList<>(List.of(FRAMING));
        values.add("chg=" + String.join(",", rules));
        values.add("preload=" + (preload ? "yes" : "no"));
        warmUp.ifPresent(directory -> values.add("warm-up=" + PlatformPath.text(directory)));
        return templateArguments(values);
    }

    private List<String> templateArguments(List<String> values) throws IOException {
        return arguments(
                interpreter().orElseThrow(() -> new IOException(hg + " is not a Python script")),
                "template",
                values.toArray(String[]::new));
    }

    /**
     * argv of a trial of the strict server, the interpreter's absolute path first.
     *
     * @throws IOException if hg is not a Python script
     */
    List<String> proofArguments() throws IOException {
        return arguments(
                interpreter().orElseThrow(() -> new IOException(hg + " is not a Python script")),
                "prove",
                FRAMING);
    }

    /**
     * From now on tries the strict server beside the service, once for each installed Mercurial.
     * Until a trial ends, each strict server tries itself before its hello; after a trial that
     * fails, Mercurial's own server serves.
     */
    public void proveStrictServer(EventLoop loop, Children children) {
        if (proofStarter == null) {
            Environment environment = CommandServer.mercurial(hg, options).environment();
            proofStarter = () -> StrictServerProof.start(loop, children, this, environment);
        }
        proveOnce();
    }

    private void proveOnce() {
        List<Object> now = identity();
        if (proofStarter == null || now.equals(provenHg)) {
            return;
        }
        provenHg = now;
        try {
            proof = proofStarter.start();
        } catch (IOException e) { // each server still tries itself
            proof = null;
            log.debug("the strict server is not tried: {}", e.getMessage());
        }
    }

    /** Identifies the installed Mercurial by its hg script. */
    private List<Object> identity() {
        try {
            Map<String, Object> file = Files.readAttributes(PlatformPath.of(hg), "unix:ino,ctime");
            return List.of(file.get("ino"), file.get("ctime"));
        } catch (IOException | UnsupportedOperationException e) {
            return List.of();
        }
    }

    /**
     * A command server of one connection, as strict as a forked worker; Mercurial's own if hg is
     * not a Python script. If the script cannot be read now, such as for want of a descriptor, the
     * interpreter last read is used.
     */
    public CommandServer commandServer() {
        CommandServer own = CommandServer.mercurial(hg, options);
        Optional<List<String>> interpreter;
        try {
            interpreter = interpreter();
        } catch (NoSuchFileException | AccessDeniedException gone) { // starting hg will report it
            interpreter = Optional.empty();
        } catch (IOException unreadable) {
            interpreter = Optional.ofNullable(lastInterpreter);
        }
        proveOnce();
        if (proof != null && proof.isUnusable()) {
            return own;
        }
        return interpreter
                .map(words -> arguments(words, "pipe", check()))
                .map(all -> strictServer(all, CancelSecret.addTo(own.environment())))
                .orElse(own);
    }

    private static CommandServer strictServer(List<String> arguments, Environment environment) {
        return new CommandServer(arguments.get(0), arguments, environment, true, true);
    }

    /** See src/main/python/main.py. */
    private String check() {
        if (proof == null || !(proof.isPassed() || proof.isFailed())) {
            return "check=yes";
        }
        return proof.isPassed() ? "check=no" : "check=own";
    }

    private List<String> arguments(List<String> interpreter, String mode, String... more) {
        List<String> all = new ArrayList<>(interpreter);
        double idleSeconds = settings.idleTimeout().map(Duration::toMillis).orElse(0L) / 1000.0;
        all.addAll(List.of(PlatformPath.text(main), mode, hg));
        all.addAll(List.of("max-request=" + settings.maxRequest(), "idle-timeout=" + idleSeconds));
        settings.emailDomain().ifPresent(domain -> all.add("email-domain=" + domain));
        all.addAll(List.of(more));
        all.add("--");
        all.addAll(options);
        return all;
    }

    /**
     * The interpreter that hg's first line names (execve(2), "#!"), with its argument if any; empty
     * if that interpreter is not Python.
     *
     * @throws IOException if the script cannot be read
     */
    private Optional<List<String>> interpreter() throws IOException {
        String first;
        try (BufferedReader reader = // a char for each byte
                Files.newBufferedReader(PlatformPath.of(hg), StandardCharsets.ISO_8859_1)) {
            String line = String.valueOf(reader.readLine());
            first = PlatformString.decode(line.getBytes(StandardCharsets.ISO_8859_1));
        }
        lastInterpreter =
                first.startsWith("#!") && first.contains("python")
                        ? List.of(first.substring(2).strip().split("\\s+", 2))
                        : null;
        return Optional.ofNullable(lastInterpreter);
    }
}
