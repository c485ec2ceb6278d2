package org.hgcmdserver.worker.prefork;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.hgcmdserver.children.Children;
import org.hgcmdserver.children.LineProcess;
import org.hgcmdserver.posix.Child;
import org.hgcmdserver.posix.Environment;
import org.hgcmdserver.posix.EventLoop;
import org.hgcmdserver.posix.Exit;
import org.hgcmdserver.posix.MessageLine;
import org.hgcmdserver.posix.ProcessMemory;
import org.hgcmdserver.posix.SocketPair;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A template process, from its start to its end. The template is a child of this process, in its
 * own process group and in the same session: a terminal could not stop workers of another session
 * (the comment at setpgid in commandserver.py's {@code _initworkerprocess} explains this). A copy
 * of the process may take its place and its line (src/main/python/hgcmdserver/succession.py).
 */
final class TemplateProcess implements Template, MessageLine.Receiver {

    private enum State {
        STARTING,
        READY,
        /** The pool requests no more workers. */
        CLOSED
    }

    private static final Logger log = LoggerFactory.getLogger(TemplateProcess.class);

    /** Longer than the warm-up, during which the template does not read its line. */
    private static final Duration TIME_TO_END = Duration.ofSeconds(10);

    /** Far longer than loading the extensions and warming up take. */
    private static final Duration LONGEST_START = Duration.ofMinutes(5);

    private final EventLoop loop;
    private final Children children;
    private final Listener listener;
    private final Environment environment;
    private Optional<Preloaded> preloaded = Optional.empty();

    /** Empty if the directory could not be made. */
    private final Optional<WarmUpDirectory> warmUp;

    private final EventLoop.Timer startLimit;
    private final EventLoop.Timer endLimit;
    private int pid;

    /** A copy of the template that may take its place; 0 if there is none. */
    private int successor;

    private MessageLine control;
    private boolean lineEnded;
    private State state = State.STARTING;
    private long readyAt;
    private String failure;

    private TemplateProcess(
            EventLoop loop,
            Children children,
            Optional<WarmUpDirectory> warmUp,
            Environment environment,
            Listener listener) {
        this.environment = environment;
        this.loop = loop;
        this.children = children;
        this.warmUp = warmUp;
        this.listener = listener;
        startLimit = loop.timer(this::giveUpStart);
        endLimit = loop.timer(this::killIfSlowToEnd);
    }

    /** Makes the command line of a template. */
    interface Arguments {
        /**
         * @param warmUp a directory for the template's private repository, if there is one
         */
        List<String> with(Optional<Path> warmUp) throws IOException;
    }

    /**
     * Starts a template.
     *
     * @throws IOException if that fails, with the reason
     */
    static TemplateProcess start(
            EventLoop loop,
            Children children,
            Arguments program,
            Environment environment,
            Listener listener)
            throws IOException {
        Optional<WarmUpDirectory> warmUp = warmUpDirectory(listener);
        try {
            TemplateProcess template =
                    new TemplateProcess(loop, children, warmUp, environment, listener);
            List<String> arguments = program.with(warmUp.map(WarmUpDirectory::path));
            template.start(arguments);
            return template;
        } catch (IOException | RuntimeException e) {
            warmUp.ifPresent(WarmUpDirectory::delete);
            throw e;
        }
    }

    private void start(List<String> arguments) throws IOException {
        LineProcess process =
                LineProcess.start(
                        loop,
                        arguments,
                        environment,
                        LineProcess.LineDescriptor.DESCRIPTOR_3,
                        this);
        pid = process.pid();
        control = process.line();
        children.add(pid, this::exited);
        log.debug("started template process (pid={})", pid);
        startLimit.start(LONGEST_START);
    }

    private void giveUpStart() {
        failure = "it is not ready after " + LONGEST_START.toMinutes() + " min";
        Child.killGroup(pid);
    }

    private void killIfSlowToEnd() {
        log.warn("template process (pid={}) does not end; killing it", pid);
        Child.kill(pid);
    }

    private static Optional<WarmUpDirectory> warmUpDirectory(Listener listener) {
        try {
            return Optional.of(WarmUpDirectory.create());
        } catch (IOException e) {
            listener.without(REHEARSALS + ": " + e.getMessage());
            return Optional.empty();
        }
    }

    @Override
    public boolean isReady() {
        return state == State.READY && !lineEnded;
    }

    @Override
    public Optional<Preloaded> preloaded() {
        return preloaded;
    }

    @Override
    public Duration age() {
        return readyAt == 0 ? Duration.ZERO : loop.since(readyAt);
    }

    @Override
    public long memory() {
        return ProcessMemory.pss(pid);
    }

    @Override
    public MessageLine fork(MessageLine.Receiver receiver) throws IOException {
        try (SocketPair ends = SocketPair.open()) { // the template gets a duplicate of its end
            control.send(TemplateProtocol.FORK, ends.there().fd());
            return new MessageLine(loop, ends.here(), receiver);
        }
    }

    /**
     * Lets the process end by itself, and kills a process that does not end within {@link
     * #TIME_TO_END}: a template serves no client. Its workers stay.
     */
    @Override
    public void close() {
        if (state != State.CLOSED) {
            boolean warmingUp = state == State.STARTING;
            state = State.CLOSED;
            startLimit.cancel();
            closeLine();
            killSuccessor();
            if (warmingUp) { // such a template has no workers, and would run for a while
                Child.killGroup(pid);
                return;
            }
            endLimit.start(TIME_TO_END);
        }
    }

    /** Learns first of a copy that has announced itself; a later one meets a closed line. */
    private void closeLine() {
        try {
            control.receiveRest();
        } catch (IOException e) {
            log.warn("last message of a template process (pid={}): {}", pid, e.getMessage());
        }
        control.close();
    }

    @Override
    public void received(byte[] bytes) throws IOException {
        TemplateProtocol.Message message = TemplateProtocol.Message.parse(bytes);
        switch (message.word()) {
            case READY -> ready();
            case WITHOUT -> listener.without(withoutDirectory(message.text()));
            case PRELOADED -> preloaded = Optional.of(Preloaded.parse(environment, message.rest()));
            case NOTPRELOADED ->
                    log.info(
                            "commands of chg load the configuration themselves: {}",
                            message.text());
            case FAILED -> failure = withoutDirectory(message.text());
            case SUCCESSOR -> copied(message.pid());
            case SUCCEEDED -> succeeded();
            default -> log.debug("template process (pid={}): {}", pid, message.word());
        }
    }

    private void ready() throws IOException {
        if (state == State.STARTING) { // not if it is being closed
            state = State.READY;
            startLimit.cancel();
            readyAt = loop.nanoTime();
            listener.ready(this);
        }
    }

    /** Makes the messages of repeated failures equal, by removing the attempt's directory. */
    private String withoutDirectory(String message) {
        return warmUp.map(directory -> directory.removedFrom(message)).orElse(message);
    }

    @Override
    public void ended() {
        lineEnded = true; // the exit follows
        control.close();
        endLimit.startIfStopped(TIME_TO_END);
    }

    private void copied(int copy) {
        log.debug("template process (pid={}) has a copy (pid={})", pid, copy);
        successor = copy;
        children.adopt(copy, this::exited); // it may have ended before this message has come
    }

    private void succeeded() {
        if (successor == 0) { // it has been killed meanwhile
            return;
        }
        log.debug("template process (pid={}) succeeds (pid={})", successor, pid);
        pid = successor;
        successor = 0;
    }

    /** A copy that loads reads no line, and may be waiting for somebody else's file. */
    private void killSuccessor() {
        if (successor != 0) {
            Child.kill(successor);
        }
    }

    private void exited(Exit exit) throws IOException {
        control.receiveRest(); // the copy has announced itself before its predecessor ended
        if (exit.pid() != pid) {
            log.debug("copy of a template exited (pid={}, {})", exit.pid(), exit.description());
            successor = exit.pid() == successor ? 0 : successor;
            return;
        }
        killSuccessor();
        startLimit.cancel();
        endLimit.cancel();
        control.close();
        warmUp.ifPresent(WarmUpDirectory::delete);
        boolean asked = state == State.CLOSED;
        state = State.CLOSED;
        String reason = failure != null ? failure : exit.description();
        log.debug("template process exited (pid={}, {})", exit.pid(), exit.description());
        listener.ended(this, asked ? null : reason);
    }
}
