package org.hgcmdserver.reload;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.hgcmdserver.children.Children;
import org.hgcmdserver.children.LineProcess;
import org.hgcmdserver.posix.Child;
import org.hgcmdserver.posix.Environment;
import org.hgcmdserver.posix.EventLoop;
import org.hgcmdserver.posix.Exit;
import org.hgcmdserver.posix.MessageLine;
import org.hgcmdserver.posix.Words;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A run of the launcher with {@code --check} in a child, which finds out whether the program would
 * start, and with what command. A drain does not wait for the check. Used in the loop's thread
 * only.
 */
final class StartCheck implements MessageLine.Receiver {

    private static final Logger log = LoggerFactory.getLogger(StartCheck.class);

    private static final String COMMAND = "command ";

    /** Far longer than a start takes. */
    private static final Duration TIMEOUT = Duration.ofSeconds(60);

    private static final int LONGEST_REASON = 1000;

    private final String launcher;
    private final Consumer<String> result;
    private final EventLoop.Timer timeout;
    private LineProcess process;
    private final List<String> output = new ArrayList<>();
    private List<String> command;
    private boolean running = true;
    private boolean timedOut;

    private StartCheck(EventLoop loop, String launcher, Consumer<String> result) {
        this.launcher = launcher;
        this.result = result;
        timeout = loop.timer(this::timeOut);
    }

    /**
     * Starts the run.
     *
     * @param arguments argv, the launcher's absolute path first
     * @param result is called once, when the run has ended: with null if the program would start,
     *     else with the reason in one line
     * @throws IOException if the launcher cannot be started, with the reason
     */
    static StartCheck start(
            EventLoop loop,
            Children children,
            List<String> arguments,
            Environment environment,
            Consumer<String> result)
            throws IOException {
        StartCheck check = new StartCheck(loop, arguments.get(0), result);
        check.process =
                LineProcess.start(
                        loop, arguments, environment, LineProcess.LineDescriptor.OUTPUT, check);
        children.addUnawaited(check.process.pid(), check::exited);
        check.timeout.start(TIMEOUT);
        return check;
    }

    /** Called in the child: prints the command that {@link #command} returns. */
    static void printCommand(List<String> command) {
        System.out.println(
                COMMAND + command.stream().map(Words::encode).collect(Collectors.joining(" ")));
    }

    /** The command that starts the program; null until the run has printed it. */
    List<String> command() {
        return command;
    }

    /** Ends the run; it still reports its result. */
    void cancel() {
        if (running) {
            Child.kill(process.pid());
        }
    }

    private void timeOut() {
        timedOut = true;
        cancel();
    }

    @Override
    public void received(byte[] line) {
        String text = new String(line, StandardCharsets.UTF_8);
        if (text.startsWith(COMMAND)) {
            command =
                    Arrays.stream(text.substring(COMMAND.length()).split(" "))
                            .map(Words::decode)
                            .toList();
        } else if (!text.isBlank()) {
            output.add(text.strip());
        }
    }

    @Override
    public void ended() {
        process.line().close();
    }

    private void exited(Exit exit) throws IOException {
        running = false;
        timeout.cancel();
        process.line().receiveRest();
        process.line().close();
        result.accept(problem(exit));
    }

    private String problem(Exit exit) {
        if (timedOut) {
            return "the check of the new configuration took over " + TIMEOUT.toSeconds() + " s";
        }
        boolean succeeded = exit.equals(new Exit(exit.pid(), 0, 0));
        if (succeeded && command == null) {
            return launcher + " does not say how it starts";
        }
        if (succeeded) {
            output.forEach(printed -> log.info("{}", printed)); // such as a warning of the JVM
            return null;
        }
        String printed = String.join("; ", output);
        return printed.isEmpty()
                ? launcher + " cannot start: " + exit.description()
                : printed.substring(0, Math.min(printed.length(), LONGEST_REASON));
    }
}
