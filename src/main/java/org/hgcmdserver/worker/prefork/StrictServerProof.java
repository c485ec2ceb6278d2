package org.hgcmdserver.worker.prefork;

import java.io.IOException;
import org.hgcmdserver.children.Children;
import org.hgcmdserver.children.LineProcess;
import org.hgcmdserver.posix.Environment;
import org.hgcmdserver.posix.EventLoop;
import org.hgcmdserver.posix.Exit;
import org.hgcmdserver.posix.MessageLine;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One trial of the strict server with one Mercurial: {@code main.py prove}, beside the service,
 * compares the server's answers with those of plain hg. Used in the loop's thread only.
 */
final class StrictServerProof implements MessageLine.Receiver {

    private static final Logger log = LoggerFactory.getLogger(StrictServerProof.class);

    private LineProcess process;
    private boolean passed;
    private String failure;
    private boolean unusable;

    private StrictServerProof() {}

    /**
     * Starts a trial.
     *
     * @throws IOException if that fails, with the reason
     */
    static StrictServerProof start(
            EventLoop loop, Children children, TemplateProgram program, Environment environment)
            throws IOException {
        StrictServerProof proof = new StrictServerProof();
        proof.process =
                LineProcess.start(
                        loop,
                        program.proofArguments(),
                        environment,
                        LineProcess.LineDescriptor.DESCRIPTOR_3,
                        proof);
        // a drain waits for the proof, which limits its own waits
        children.add(proof.process.pid(), proof::exited);
        return proof;
    }

    /** Whether the strict server has answered as plain hg does. */
    boolean isPassed() {
        return passed;
    }

    /** Whether Mercurial's own server must serve. */
    boolean isFailed() {
        return failure != null;
    }

    /** Whether nothing of src/main/python fits this hg, so that hg itself must serve. */
    boolean isUnusable() {
        return unusable;
    }

    @Override
    public void received(byte[] bytes) {
        TemplateProtocol.Message message = TemplateProtocol.Message.parse(bytes);
        switch (message.word()) {
            case READY -> {
                passed = true;
                log.debug("the strict server answers as plain hg does");
            }
            case FAILED -> fail(message.text());
            case UNUSABLE -> {
                unusable = true;
                fail(message.text());
            }
            default -> log.debug("proof: {}", message.word());
        }
    }

    private void fail(String reason) {
        failure = reason;
        log.warn(
                "the strict server does not fit this Mercurial: {}; using hg's own, which runs"
                        + " requests that arrive in part",
                reason);
    }

    @Override
    public void ended() {
        process.line().close();
    }

    private void exited(Exit exit) throws IOException {
        process.line().receiveRest();
        process.line().close();
        if (!passed && failure == null) {
            log.debug("the strict server was not tried to the end: {}", exit.description());
        }
    }
}
