package org.hgcmdserver.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.newsclub.net.unix.AFUNIXSocket;

/**
 * Measures what the daemon adds between a connect and the start of the worker's program: the time
 * from connect to the first byte of the same program, run by this daemon and by socat, in turn for
 * each connection. The program's own part is small and the same for both.
 */
public final class ConnectBenchmark {

    private static final int WARM_UP = 200;
    private static final int ROUNDS = 1_000;

    private ConnectBenchmark() {}

    public static void main(String[] arguments) throws Exception {
        String daemon = arguments[0] + "/bin/hg-cmdserver";
        String echo = "/bin/echo";
        Path directory = Files.createTempDirectory("benchmark");
        Path ownSocket = directory.resolve("own");
        Path socatSocket = directory.resolve("socat");
        // socat gets the very arguments that the daemon passes to an hg
        // nofork: no relaying process, which would delay socat's first byte
        String exec = "EXEC:" + echo + " serve --cmdserver pipe,nofork";
        try (Server own =
                        Server.start(
                                "hg-cmdserver",
                                ownSocket,
                                List.of(
                                        daemon,
                                        "serve",
                                        "--address",
                                        ownSocket.toString(),
                                        "--quiet",
                                        "--workers",
                                        "spawn",
                                        "--hg",
                                        echo));
                Server socat =
                        Server.start(
                                "socat",
                                socatSocket,
                                List.of(
                                        "socat",
                                        "UNIX-LISTEN:" + socatSocket + ",fork,backlog=128",
                                        exec))) {
            Samples ours = new Samples();
            Samples socats = new Samples();
            for (int i = 0; i < WARM_UP + ROUNDS; i++) {
                long a = firstByte(own);
                long b = firstByte(socat);
                if (i >= WARM_UP) {
                    ours.add(a);
                    socats.add(b);
                }
            }
            System.out.printf("connect to first byte, %d connections each, ms%n", ROUNDS);
            System.out.printf("%-14s %8s %8s%n", "", "median", "p99");
            print("hg-cmdserver", ours);
            print("socat", socats);
            System.out.printf(
                    "added by hg-cmdserver: %.2f ms (median), ratio %.2f%n",
                    ours.median() - socats.median(), ours.median() / socats.median());
        }
    }

    private static long firstByte(Server server) throws IOException {
        long start = System.nanoTime();
        try (AFUNIXSocket socket = server.connect()) {
            if (socket.getInputStream().read() != 's') {
                throw new IOException(server.name() + " gave a wrong answer");
            }
            return System.nanoTime() - start;
        }
    }

    private static void print(String name, Samples samples) {
        System.out.printf("%-14s %8.2f %8.2f%n", name, samples.median(), samples.percentile(99));
    }
}
