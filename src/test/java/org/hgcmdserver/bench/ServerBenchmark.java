package org.hgcmdserver.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Compares this daemon with its peers in one run: the latency of commands, connections per second,
 * memory, and the time to readiness. Prints tables, writes target/benchmark/result.json and
 * latency.svg, and exits with status 1 if a server gave a wrong answer.
 */
public final class ServerBenchmark {

    static final String HG = "hg unix";
    static final String HG_R = "hg unix -R";
    static final String HG_CACHE = "hg unix, cache";
    static final String SOCAT = "socat + hg pipe";
    static final String SPAWN = "this, spawn";
    static final String PREFORK = "this, prefork";

    private static final int WARM_UP = 5;

    private final Path directory;
    private final String daemon;
    private final int rounds;
    private final int soak;
    private final Results results = new Results();
    private final Random order = new Random(3);

    private ServerBenchmark(Path directory, String daemon, int rounds, int soak) {
        this.directory = directory;
        this.daemon = daemon;
        this.rounds = rounds;
        this.soak = soak;
    }

    /**
     * @param arguments the installed tree; then, optionally, the rounds for each figure and the
     *     number of connections of the long run
     */
    public static void main(String[] arguments) throws Exception {
        int rounds = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 60;
        int soak = arguments.length > 2 ? Integer.parseInt(arguments[2]) : 10_000;
        Path directory = Files.createTempDirectory("benchmark");
        ServerBenchmark benchmark =
                new ServerBenchmark(directory, arguments[0] + "/bin/hg-cmdserver", rounds, soak);
        benchmark.run();
        Path out = Files.createDirectories(Path.of("target/benchmark"));
        benchmark.results.write(out.resolve("result.json"));
        Chart.write(
                out.resolve("latency.svg"),
                "Connect, one command, its answer: median, in milliseconds",
                List.of(HG, HG_CACHE, PREFORK),
                benchmark.results.section(Results.LATENCY));
        System.exit(benchmark.results.wrongAnswers() == 0 ? 0 : 1);
    }

    private void run() throws Exception {
        TestRepository small = TestRepository.create(directory.resolve("r50"), 50);
        TestRepository large = TestRepository.create(directory.resolve("r20000"), 20_000);
        for (TestRepository repository : List.of(small, large)) {
            Map<String, Server> servers = start(repository);
            try {
                if (repository == small) {
                    Memory.measure(
                            servers.get(PREFORK), results); // while the pool is at its minimum
                }
                latencies(repository, servers);
                if (repository == small) {
                    throughput(repository, servers);
                }
            } finally {
                for (Server server : servers.values()) {
                    server.close();
                }
            }
        }
        try (Server server = startOne(PREFORK, small)) {
            new Soak(server, small, results).run(soak);
        }
    }

    private Map<String, Server> start(TestRepository repository) throws Exception {
        Map<String, Server> servers = new LinkedHashMap<>();
        for (String name : List.of(HG, HG_R, HG_CACHE, SOCAT, SPAWN, PREFORK)) {
            servers.put(name, startOne(name, repository));
        }
        return servers;
    }

    private Server startOne(String name, TestRepository repository) throws Exception {
        Path address = directory.resolve(name.replaceAll("\\W+", "-") + ".sock");
        String a = address.toString();
        Files.deleteIfExists(address);
        List<String> hg = List.of("hg", "serve", "--cmdserver", "unix", "--address", a);
        List<String> own =
                List.of(daemon, "serve", "--quiet", "--address", a, "--max-workers", "64");
        List<String> command =
                switch (name) {
                    case HG -> hg;
                    case HG_R -> plus(hg, "-R", repository.path().toString());
                    case HG_CACHE -> plus(hg, "--config", "cmdserver.max-repo-cache=4");
                    case SOCAT ->
                            List.of(
                                    "socat",
                                    "UNIX-LISTEN:" + a + ",fork,backlog=128",
                                    "EXEC:hg serve --cmdserver pipe");
                    case SPAWN -> plus(own, "--workers", "spawn");
                    default -> own;
                };
        if (name.equals(PREFORK) || name.equals(SPAWN)) {
            Path manager = directory.resolve("manager.sock");
            long ready = Server.nanosToReady(manager, command);
            results.add("start", name, "to READY", ready / 1e6);
            Files.deleteIfExists(manager);
        }
        Server server = Server.start(name, address, command);
        results.add("start", name, "to the first connection", server.startNanos() / 1e6);
        if (name.equals(PREFORK)) {
            long ready = server.awaitChildren(3); // the template and two workers
            results.add("start", name, "to warm workers", ready / 1e6);
        }
        return server;
    }

    private static List<String> plus(List<String> command, String... more) {
        List<String> all = new ArrayList<>(command);
        all.addAll(List.of(more));
        return all;
    }

    // latency

    private void latencies(TestRepository repository, Map<String, Server> servers)
            throws Exception {
        for (Map.Entry<String, List<String>> request : repository.requests().entrySet()) {
            Map<String, Samples> samples = new LinkedHashMap<>();
            servers.keySet().forEach(name -> samples.put(name, new Samples()));
            int repetitions = request.getKey().equals("hello") ? 5 * rounds : rounds;
            for (int i = 0; i < WARM_UP + repetitions; i++) {
                List<Server> turn = new ArrayList<>(servers.values());
                java.util.Collections.shuffle(turn, order);
                for (Server server : turn) {
                    long nanos = connection(server, repository, request.getKey(), results);
                    if (i >= WARM_UP) {
                        samples.get(server.name()).add(nanos);
                    }
                }
            }
            results.latency(repository.revisions() + " " + request.getKey(), samples, HG);
            double cached = samples.get(HG_CACHE).median() / samples.get(PREFORK).median();
            System.out.printf("%-20s %28.1f%n", "prefork / hg, cache", cached);
        }
    }

    /** The time from connect to the end of the command; for "hello" to the hello. */
    static long connection(
            Server server, TestRepository repository, String request, Results results)
            throws IOException {
        // A server is still busy when its client has left: hg's own collects garbage for 20 ms,
        // this daemon forks the next worker and lets it rehearse. The next measurement must start
        // after that work.
        Pause.of(40);
        long start = System.nanoTime();
        try (Connection connection = new Connection(server)) {
            if (request.equals("hello")) {
                return System.nanoTime() - start;
            }
            String answer = connection.run(repository.requests().get(request));
            long nanos = System.nanoTime() - start;
            results.check(server.name(), request, answer, repository.answer(request));
            return nanos;
        }
    }

    // throughput

    private void throughput(TestRepository repository, Map<String, Server> servers)
            throws Exception {
        for (int clients : new int[] {1, 4, 16}) {
            Map<String, Double> perSecond = new LinkedHashMap<>();
            for (int round = 0; round < 2; round++) {
                for (Server server : servers.values()) {
                    boolean quick = server.name().equals(PREFORK);
                    int connections = Math.min(400, (quick ? 40 : 6) * clients);
                    double rate =
                            Load.connectionsPerSecond(
                                    server, repository, results, clients, connections);
                    perSecond.merge(server.name(), rate, Math::max); // the better of two runs
                }
            }
            results.throughput(clients, perSecond);
        }
    }
}
