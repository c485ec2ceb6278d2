package org.hgcmdserver.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.stream.Stream;

/**
 * The short form of {@link ServerBenchmark}: compares {@code hg serve --cmdserver unix} with this
 * daemon, in turn for each connection: once whole, and once as with a Mercurial that fits none of
 * the template's optional parts. Exits with status 1 if one of the two daemons is not quicker in
 * each figure, or if an answer is wrong. A figure that is not lower is measured up to three times,
 * since the machine may be busy; all its times count.
 */
public final class LatencyCheck {

    private static final List<String> REQUESTS = List.of("hello", "log -l1", "status");
    private static final int WARM_UP = 5;

    /** Fewer rounds cannot show that a server is a quarter quicker. */
    private static final int ROUNDS_WITHOUT_PARTS = 30;

    private static final int ATTEMPTS = 3;

    /** Strict server, rehearsals, and the staleness check. */
    private static final int PARTS = 3;

    private final TestRepository repository;
    private final int rounds;
    private final Results results = new Results();
    private boolean quicker = true;

    private LatencyCheck(TestRepository repository, int rounds) {
        this.repository = repository;
        this.rounds = rounds;
    }

    /**
     * @param arguments the installed tree, the rounds for each figure, and the file that receives a
     *     line with the result
     */
    public static void main(String[] arguments) throws Exception {
        Path directory = Files.createTempDirectory("latency");
        Path tree = Path.of(arguments[0]);
        Path without = withoutParts(tree, directory.resolve("without"));
        LatencyCheck check =
                new LatencyCheck(
                        TestRepository.create(directory.resolve("r50"), 50),
                        Integer.parseInt(arguments[1]));
        List<String> ratios;
        List<String> ratiosWithout;
        try (Server hg =
                        start(ServerBenchmark.HG, directory, "hg", "serve", "--cmdserver", "unix");
                Server whole = start(ServerBenchmark.PREFORK, directory, program(tree), "serve");
                Server bare = start("this without parts", directory, program(without), "serve")) {
            for (Server server : List.of(whole, bare)) {
                server.awaitChildren(3); // the template and two workers
            }
            ratios = check.compare(hg, whole, check.rounds);
            ratiosWithout = check.compare(hg, bare, Math.max(check.rounds, ROUNDS_WITHOUT_PARTS));
            String log = Files.readString(Path.of(bare.address() + ".log"));
            if (log.split("workers are forked without ", -1).length != 1 + PARTS) {
                throw new IllegalStateException("other parts are missing:\n" + log);
            }
        }
        String line =
                String.format(
                        "times as quick as hg's own server: %s; without strict server, rehearsals and"
                                + " the staleness check: %s",
                        String.join(", ", ratios), String.join(", ", ratiosWithout));
        Files.writeString(Path.of(arguments[2]), line + "\n");
        if (!check.quicker) {
            System.out.println("it is not quicker than hg's own server: " + line);
        }
        System.exit(check.quicker && check.results.wrongAnswers() == 0 ? 0 : 1);
    }

    private List<String> compare(Server hg, Server own, int times) throws Exception {
        List<String> ratios = new ArrayList<>();
        for (String request : REQUESTS) {
            Samples[] samples = {new Samples(), new Samples()};
            double ratio = 0;
            for (int i = 0; i < ATTEMPTS && ratio <= 1; i++) {
                measure(hg, own, request, times, samples);
                ratio = samples[0].median() / samples[1].median();
                System.out.printf(
                        "%-8s hg unix %6.2f ms, %s %6.2f ms: %.1f times as quick%n",
                        request, samples[0].median(), own.name(), samples[1].median(), ratio);
            }
            quicker &= ratio > 1;
            ratios.add(String.format(Locale.ROOT, "%s %.1f", request.split(" ")[0], ratio));
        }
        return ratios;
    }

    /** Adds the times of hg and of our own server to the samples. */
    private void measure(Server hg, Server own, String request, int times, Samples[] samples)
            throws Exception {
        List<Integer> order = new ArrayList<>(List.of(0, 1));
        Random random = new Random(3);
        for (int i = 0; i < WARM_UP + times; i++) {
            Collections.shuffle(order, random);
            for (int server : order) {
                Server asked = server == 0 ? hg : own;
                long nanos = ServerBenchmark.connection(asked, repository, request, results);
                if (i >= WARM_UP) {
                    samples[server].add(nanos);
                }
            }
        }
    }

    /**
     * A copy of the tree in which the optional parts fail, as they do if Mercurial's internals
     * differ.
     */
    private static Path withoutParts(Path tree, Path copy) throws IOException {
        try (Stream<Path> files = Files.walk(tree)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                Path target = copy.resolve(tree.relativize(file));
                if (Files.isDirectory(file)) {
                    Files.createDirectories(target);
                } else {
                    Files.copy(file, target);
                }
            }
        }
        Path modules = copy.resolve("lib/python/hgcmdserver");
        String fails = "raise ImportError('left out of the measurement')\n";
        Files.writeString(modules.resolve("strictserver.py"), fails);
        Files.writeString(modules.resolve("dependencies.py"), fails);
        Files.writeString(
                modules.resolve("isolation.py"),
                "\n\ndef isolation(ui):\n    " + fails,
                StandardOpenOption.APPEND);
        return copy;
    }

    private static String program(Path tree) {
        return tree.resolve("bin/hg-cmdserver").toString();
    }

    private static Server start(String name, Path directory, String... command) throws Exception {
        Path address = directory.resolve(name.replaceAll("\\W+", "-") + ".sock");
        List<String> all = new ArrayList<>(List.of(command));
        all.addAll(List.of("--address", address.toString()));
        return Server.start(name, address, all);
    }
}
