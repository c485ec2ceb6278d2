package org.hgcmdserver.bench;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Random;

/**
 * The short form of {@link ServerBenchmark}: this daemon beside {@code hg serve --cmdserver unix}
 * alone, connection by connection in turn. Ends with status 1 if it is not the quicker one in each
 * figure, or if an answer is wrong.
 */
public final class LatencyCheck {

    private LatencyCheck() {}

    /**
     * @param arguments the installed tree, the rounds for each figure, and the file for a line with
     *     the result
     */
    public static void main(String[] arguments) throws Exception {
        Path directory = Files.createTempDirectory("latency");
        TestRepository repository = TestRepository.create(directory.resolve("r50"), 50);
        Results results = new Results();
        List<String> ratios = new ArrayList<>();
        boolean quicker = true;
        Path program = Path.of(arguments[0], "bin/hg-cmdserver");
        try (Server hg =
                        start(ServerBenchmark.HG, directory, "hg", "serve", "--cmdserver", "unix");
                Server own = start(ServerBenchmark.PREFORK, directory, "" + program, "serve")) {
            own.awaitChildren(3); // the template and two workers
            for (String request : List.of("hello", "log -l1", "status")) {
                Samples[] samples = {new Samples(), new Samples()};
                List<Integer> order = new ArrayList<>(List.of(0, 1));
                Random random = new Random(3);
                int rounds = Integer.parseInt(arguments[1]) * (request.equals("hello") ? 5 : 1);
                int warmUp = 5;
                for (int i = 0; i < warmUp + rounds; i++) {
                    Collections.shuffle(order, random);
                    for (int server : order) {
                        long nanos =
                                ServerBenchmark.connection(
                                        server == 0 ? hg : own, repository, request, results);
                        if (i >= warmUp) {
                            samples[server].add(nanos);
                        }
                    }
                }
                double ratio = samples[0].median() / samples[1].median();
                System.out.printf(
                        "%-8s hg unix %6.2f ms, this %6.2f ms: %.1f times as quick%n",
                        request, samples[0].median(), samples[1].median(), ratio);
                quicker &= ratio > 1;
                ratios.add(String.format(Locale.ROOT, "%s %.1f", request.split(" ")[0], ratio));
            }
        }
        String line = "times as quick as hg's own server: " + String.join(", ", ratios);
        Files.writeString(Path.of(arguments[2]), line + "\n");
        if (!quicker) {
            System.out.println("it is not quicker than hg's own server: " + line);
        }
        System.exit(quicker && results.wrongAnswers() == 0 ? 0 : 1);
    }

    private static Server start(String name, Path directory, String... command) throws Exception {
        Path address = directory.resolve(name.replaceAll("\\W+", "-") + ".sock");
        List<String> all = new ArrayList<>(List.of(command));
        all.addAll(List.of("--address", address.toString()));
        return Server.start(name, address, all);
    }
}
