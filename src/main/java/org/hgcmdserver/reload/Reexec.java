package org.hgcmdserver.reload;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.hgcmdserver.children.Children;
import org.hgcmdserver.host.LogConfigurator;
import org.hgcmdserver.listener.InheritedListener;
import org.hgcmdserver.listener.Listener;
import org.hgcmdserver.listener.ListenerState;
import org.hgcmdserver.posix.Child;
import org.hgcmdserver.posix.Descriptors;
import org.hgcmdserver.posix.Environment;
import org.hgcmdserver.posix.EventLoop;
import org.hgcmdserver.posix.OwnedDescriptor;
import org.hgcmdserver.posix.PlatformPath;
import org.hgcmdserver.posix.PosixException;
import org.hgcmdserver.posix.ProcessImage;
import org.hgcmdserver.posix.SealedText;
import org.hgcmdserver.posix.Ticker;
import org.hgcmdserver.worker.CancelSecret;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Re-executes this program in the same process, as sshd(8) does on SIGHUP, so that another release
 * of the program, of Java or of the configuration takes effect. The launcher that started the
 * program, run with {@code --check} in a child, prints the command to execute. The daemon executes
 * that command without the launcher, since a shell would wait for children that are not its own,
 * and let blocked signals through (dash does so after each child). A sealed memory file holds the
 * handover; the variable HG_CMDSERVER_HANDOVER contains the pid of the process that the handover is
 * for, the file's descriptor, the listening descriptor, and the descriptors of connections, in that
 * order for all releases.
 */
public final class Reexec implements Successor {

    private static final Logger log = LoggerFactory.getLogger(Reexec.class);

    /** The property with the launcher's path, which a reload uses to start the program. */
    public static final String LAUNCHER = "hgcmdserver.launcher";

    private static final String VARIABLE = "HG_CMDSERVER_HANDOVER";

    /** The variable's form; no process has more descriptors than fit into seven digits. */
    private static final String DESCRIPTORS = "\\d+( \\d{1,7}){2,}";

    /** The name of the memory file; first.py makes one too. */
    private static final String STATE = "hg-cmdserver";

    /** Set for a check, which must print the command that starts the program. */
    private static final String ASKED = "HG_CMDSERVER_TELL_COMMAND";

    /** The user's options for the JVM, which the launcher passes on. */
    private static final String JAVA_OPTIONS = "HG_CMDSERVER_JAVA_OPTIONS";

    private static final String CHECK = "--check";

    private final String launcher;
    private final List<String> arguments;
    private final Supplier<Object> configuration;
    private Object checkedConfiguration;
    private StartCheck check;

    /**
     * @param launcher the absolute path of the program
     * @param arguments {@code serve} and its arguments
     * @param configuration supplies a value that changes when the configuration file changes
     */
    public Reexec(String launcher, List<String> arguments, Supplier<Object> configuration) {
        this.launcher = launcher;
        this.arguments = arguments;
        this.configuration = configuration;
    }

    @Override
    public void check(EventLoop loop, Children children, Consumer<String> result)
            throws IOException {
        checkedConfiguration = configuration.get();
        if (PlatformPath.isWorkingDirectoryGone()) { // neither a JVM nor Mercurial starts there
            throw new IOException("the working directory has been removed; restart the service");
        }
        Environment environment =
                Environment.inherited()
                        .without("LISTEN_", "NOTIFY_SOCKET=", "WATCHDOG_", VARIABLE + "=")
                        .with(ASKED, "1");
        check = StartCheck.start(loop, children, checkCommand(), environment, result);
    }

    @Override
    public void stopChecking() {
        if (check != null) {
            check.cancel();
        }
    }

    private List<String> checkCommand() {
        List<String> all = new ArrayList<>(List.of(launcher));
        all.addAll(arguments);
        all.add(CHECK);
        return all;
    }

    /** Whether a daemon that reloads has started this process, to check the new image. */
    public static boolean isCheckOfAReload() {
        return System.getenv(ASKED) != null;
    }

    /**
     * Called in the check's process: prints the command that starts the program.
     *
     * @param main the program's main class
     */
    public static void tellCommand(Class<?> main) {
        List<String> all = ProcessImage.command();
        all.remove(all.size() - 1); // "--check", the last argument
        putBackJavaOptions(all, main);
        StartCheck.printCommand(all);
    }

    /**
     * For a check the launcher leaves out JVM options that only one process can have, such as
     * options that name a port. The launcher puts the user's options behind its own last property.
     */
    private static void putBackJavaOptions(List<String> all, Class<?> mainClass) {
        int main = all.indexOf(mainClass.getName());
        String given = Environment.inherited().get(JAVA_OPTIONS);
        for (int i = 0; i < main && given != null; i++) {
            if (all.get(i).startsWith("-D" + LAUNCHER + "=")) {
                List<String> users = all.subList(i + 1, main - 2); // "-cp" and its value follow
                users.clear();
                users.addAll(
                        Arrays.stream(given.split("[ \t\n]+")).filter(w -> !w.isEmpty()).toList());
                return;
            }
        }
    }

    @Override
    public void replace(Handover handover) throws IOException {
        if (!checkedConfiguration.equals(configuration.get())) {
            throw new IOException("the configuration has changed meanwhile; reload again");
        }
        List<String> command = check.command();
        try (OwnedDescriptor state = SealedText.create(STATE, handover.toText())) {
            List<Integer> descriptors = new ArrayList<>(handover.descriptors());
            descriptors.add(state.fd());
            StringBuilder value = new StringBuilder();
            value.append(ProcessHandle.current().pid()).append(' ').append(state.fd());
            handover.descriptors().forEach(fd -> value.append(' ').append(fd));
            LogConfigurator.flush();
            ProcessImage.replace(
                    command.get(0),
                    command,
                    CancelSecret.addTo(Environment.inherited().with(VARIABLE, value.toString())),
                    descriptors);
        }
    }

    /**
     * The handover of an earlier image of this process. If the text cannot be read, the handover
     * consists of the listener and all children.
     *
     * @throws IOException if the variable does not come from such an image: its descriptors are not
     *     to be trusted, and not this process's to close
     */
    public static Optional<Handover> predecessor() throws IOException {
        String value = System.getenv().getOrDefault(VARIABLE, "");
        String[] words = value.split(" ");
        String self = String.valueOf(ProcessHandle.current().pid());
        if (words.length < 3 || !words[0].equals(self)) {
            return Optional.empty();
        }
        if (!value.matches(DESCRIPTORS)) {
            throw forged("is not a list of descriptors");
        }
        List<Integer> descriptors = Arrays.stream(words).skip(1).map(Integer::valueOf).toList();
        int state = descriptors.get(0);
        Optional<String> wrong = SealedText.whyNotSealed(state, STATE);
        if (wrong.isPresent()) {
            throw forged("names the descriptor %d, which %s".formatted(state, wrong.get()));
        }
        try {
            Handover handover = Handover.parse(SealedText.read(state));
            // no acceptor would serve the clients of another release's listener
            handover.otherListeners().forEach(other -> Descriptors.close(other.fd()));
            return Optional.of(handover);
        } catch (PosixException | IllegalArgumentException e) {
            log.warn(
                    "cannot read what was handed over: {}; going on with the listener and the children",
                    e.getMessage());
            // connections of unknown workers, which hold these descriptors too
            descriptors.stream().skip(2).forEach(Descriptors::close);
            return Optional.of(
                    Handover.unreadable(
                            descriptors.get(1), Child.groupLeaders(), Ticker.SYSTEM.nanoTime()));
        } finally {
            Descriptors.close(state);
        }
    }

    private static IOException forged(String what) {
        return new IOException(
                "%s %s, and so does not come from this service; start it without that variable"
                        .formatted(VARIABLE, what));
    }

    /** The listening socket of the handover. */
    public static Listener listener(Handover predecessor) throws IOException {
        boolean passed = InheritedListener.isPassed(System.getenv(), ProcessHandle.current().pid());
        Handover.ListeningSocket socket = predecessor.listener();
        return ListenerState.adopt(socket.fd(), socket.description(), passed);
    }
}
