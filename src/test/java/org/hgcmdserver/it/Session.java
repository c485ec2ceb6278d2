package org.hgcmdserver.it;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.util.List;
import org.hgcmdserver.client.CommandClient;
import org.hgcmdserver.client.CommandStreams;

/** A client that keeps the output of its commands. */
final class Session implements Closeable {

    record Answer(int status, String out, String err) {}

    private final CommandClient client;

    Session(CommandClient client) {
        this.client = client;
    }

    static Session to(Daemon daemon) throws IOException {
        return new Session(daemon.connect());
    }

    CommandClient client() {
        return client;
    }

    int pid() {
        return client.hello().pid();
    }

    Answer run(String... arguments) throws IOException {
        return runWithInput(new byte[0], arguments);
    }

    Answer runWithInput(byte[] input, String... arguments) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        CommandStreams streams = CommandStreams.of(new ByteArrayInputStream(input), out, err);
        int status = client.run(List.of(arguments), streams);
        return new Answer(status, out.toString(UTF_8), err.toString(UTF_8));
    }

    @Override
    public void close() throws IOException {
        client.close();
    }
}
