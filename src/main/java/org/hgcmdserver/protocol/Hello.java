package org.hgcmdserver.protocol;

import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.IllegalCharsetNameException;
import java.nio.charset.StandardCharsets;
import java.nio.charset.UnsupportedCharsetException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The first message of a server ({@code server.serve} in commandserver.py): lines of "name: value".
 *
 * @param fields all fields, including those that this version does not know
 */
public record Hello(Map<String, String> fields) {

    /**
     * @throws ProtocolException if the data is not a hello, or the server cannot run commands
     */
    static Hello parse(byte[] data) throws IOException {
        Map<String, String> fields = new LinkedHashMap<>();
        for (String line : new String(data, StandardCharsets.US_ASCII).split("\n")) {
            int colon = line.indexOf(": ");
            if (colon > 0) {
                fields.put(line.substring(0, colon), line.substring(colon + 2));
            }
        }
        Hello hello = new Hello(Map.copyOf(fields));
        if (!hello.capabilities().contains("runcommand")) {
            throw new ProtocolException("the server's hello names no capability \"runcommand\"");
        }
        return hello;
    }

    /** The requests that the server knows. */
    public Set<String> capabilities() {
        return Set.copyOf(List.of(fields.getOrDefault("capabilities", "").split(" ")));
    }

    /**
     * The encoding of the server's input and output; ASCII if Java cannot both decode and encode
     * it.
     */
    public Charset encoding() {
        try {
            Charset charset = Charset.forName(fields.getOrDefault("encoding", "ascii"));
            return charset.canEncode() ? charset : StandardCharsets.US_ASCII;
        } catch (IllegalCharsetNameException | UnsupportedCharsetException e) {
            return StandardCharsets.US_ASCII;
        }
    }

    /**
     * A command's arguments in the server's encoding.
     *
     * @throws IllegalArgumentException if an argument would hold a NUL, which ends an argument
     */
    public List<byte[]> encode(List<String> arguments) {
        Charset encoding = encoding();
        List<byte[]> encoded = arguments.stream().map(a -> a.getBytes(encoding)).toList();
        check(encoded);
        return encoded;
    }

    /**
     * @throws IllegalArgumentException if an argument holds a NUL, which would end it
     */
    public void check(List<byte[]> arguments) {
        for (int i = 0; i < arguments.size(); i++) {
            for (byte b : arguments.get(i)) {
                if (b == 0) {
                    throw new IllegalArgumentException("argument %d holds a NUL".formatted(i));
                }
            }
        }
    }

    /** The worker's process id; 0 if the hello has none. */
    public int pid() {
        return number("pid");
    }

    /**
     * The worker's process group, which receives signals for the running command; 0 if the hello
     * has none.
     */
    public int pgid() {
        return number("pgid");
    }

    /**
     * The key with which a client of another user than the worker's has the worker signalled; empty
     * if the hello has none.
     */
    public String cancelKey() {
        return fields.getOrDefault("cancel", "");
    }

    private int number(String name) {
        try {
            return Math.max(0, Integer.parseInt(fields.getOrDefault(name, "0")));
        } catch (NumberFormatException e) {
            return 0;
        }
    }
}
