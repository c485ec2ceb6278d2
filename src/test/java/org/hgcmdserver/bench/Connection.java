package org.hgcmdserver.bench;

import java.io.Closeable;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.newsclub.net.unix.AFUNIXSocket;

/** A minimal client, so that little of the measured time is its own. */
final class Connection implements Closeable {

    private final AFUNIXSocket socket;
    private final DataInputStream in;

    /** Connects and reads the hello. */
    Connection(Server server) throws IOException {
        socket = server.connect();
        in = new DataInputStream(new java.io.BufferedInputStream(socket.getInputStream()));
        if (in.readByte() != 'o') {
            throw new IOException("no hello from " + server.name());
        }
        in.readNBytes(in.readInt());
    }

    /** Runs a command; returns its output, and its status if that is not 0. */
    String run(java.util.List<String> arguments) throws IOException {
        byte[] data = String.join("\0", arguments).getBytes(StandardCharsets.UTF_8);
        java.io.ByteArrayOutputStream request = new java.io.ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(request);
        out.writeBytes("runcommand\n");
        out.writeInt(data.length);
        out.write(data);
        socket.getOutputStream().write(request.toByteArray());
        StringBuilder answer = new StringBuilder();
        while (true) {
            char channel = (char) in.readByte();
            byte[] bytes = in.readNBytes(in.readInt());
            if (channel == 'r') {
                int status = java.nio.ByteBuffer.wrap(bytes).getInt();
                return status == 0 ? answer.toString() : "status " + status + "\n" + answer;
            }
            answer.append(new String(bytes, StandardCharsets.UTF_8));
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
