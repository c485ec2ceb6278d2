package org.hgcmdserver.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Compares starts, from a process's start, or from a client's connect to a socket whose daemon is
 * not running: a JVM's hello world, plain hg, and this daemon. Prints tables, writes
 * target/benchmark/start.json, and exits with status 1 after a wrong answer.
 */
public final class StartBenchmark {

    private static final String JVM = "JVM, hello world";
    private static final String READY = "daemon to READY";
    private static final String PIPE = "hg serve to hello";
    private static final String HELLO = "cold socket to hello";
    private static final String HG = "hg log";
    private static final String LOG = "cold socket to log";

    private static final int WARM_UP = 2;

    private final Path directory;
    private final String daemon;
    private final int rounds;
    private final Results results = new Results();
    private final Map<String, Samples> samples = new LinkedHashMap<>();
    private final TestRepository repository;
    private int sockets;

    private StartBenchmark(Path directory, Path dist, int rounds) throws Exception {
        this.directory = directory;
        daemon = dist.resolve("bin/hg-cmdserver").toString();
        this.rounds = rounds;
        repository = TestRepository.create(directory.resolve("r"), 50);
        for (String each : List.of(JVM, READY, PIPE, HELLO, HG, LOG)) {
            samples.put(each, new Samples());
        }
    }

    /**
     * @param arguments the installed tree; then, optionally, the rounds
     */
    public static void main(String[] arguments) throws Exception {
        int rounds = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 15;
        Path directory = Files.createTempDirectory("benchmark");
        StartBenchmark benchmark = new StartBenchmark(directory, Path.of(arguments[0]), rounds);
        benchmark.run();
        Path out = Files.createDirectories(Path.of("target/benchmark"));
        benchmark.results.write(out.resolve("start.json"));
        System.exit(benchmark.results.wrongAnswers() == 0 ? 0 : 1);
    }

    private void run() throws Exception {
        Random order = new Random(5);
        for (int i = 0; i < WARM_UP + rounds; i++) {
            List<String> turn = new ArrayList<>(samples.keySet());
            Collections.shuffle(turn, order);
            for (String each : turn) {
                long nanos = measure(each);
                if (i >= WARM_UP) {
                    samples.get(each).add(nanos);
                }
            }
        }
        results.latency("start", samples, JVM);
        double start = Math.max(median(READY), median(PIPE));
        ratio("READY / the JVM's hello world", median(READY) / median(JVM));
        ratio("cold hello / the longer of READY and hg's hello", median(HELLO) / start);
        ratio("cold log / hg log", median(LOG) / median(HG));
    }

    private double median(String each) {
        return samples.get(each).median();
    }

    private static void ratio(String what, double ratio) {
        System.out.printf("%-50s %.2f%n", what, ratio);
    }

    private long measure(String what) throws Exception {
        Pause.of(200); // what ended before has been waited for
        List<String> log = repository.requests().get("log -l1");
        return switch (what) {
            case JVM -> helloWorld();
            case READY ->
                    Server.nanosToReady(
                            directory.resolve("notify" + sockets++),
                            List.of(daemon, "serve", "--quiet", "--address", socket().toString()));
            case PIPE -> pipe();
            case HELLO -> cold(List.of());
            case HG -> hg(log);
            default -> cold(log);
        };
    }

    private Path socket() {
        return directory.resolve("s" + sockets++);
    }

    private long helloWorld() throws Exception {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        ProcessBuilder builder =
                new ProcessBuilder(java, "-cp", "target/test-classes", HelloWorld.class.getName());
        return time(builder, "hello\n");
    }

    private long hg(List<String> command) throws Exception {
        List<String> words = new ArrayList<>(List.of("hg"));
        words.addAll(command);
        ProcessBuilder builder = new ProcessBuilder(words);
        builder.environment().put("HGPLAIN", "1");
        return time(builder, repository.answer("log -l1"));
    }

    private long time(ProcessBuilder builder, String right) throws Exception {
        long start = System.nanoTime();
        Process process = builder.redirectErrorStream(true).start();
        String answer = new String(process.getInputStream().readAllBytes());
        process.waitFor();
        long nanos = System.nanoTime() - start;
        results.check("a process", String.join(" ", builder.command()), answer, right);
        return nanos;
    }

    private static long pipe() throws Exception {
        ProcessBuilder builder = new ProcessBuilder("hg", "serve", "--cmdserver", "pipe");
        long start = System.nanoTime();
        Process process = builder.start();
        if (process.getInputStream().read() != 'o') {
            throw new IOException("no hello from hg serve");
        }
        long nanos = System.nanoTime() - start;
        process.getOutputStream().close();
        process.waitFor();
        return nanos;
    }

    /**
     * The first client of a service that starts with it: a connection, with one command or none.
     */
    private long cold(List<String> command) throws Exception {
        Path address = socket();
        ProcessBuilder builder =
                new ProcessBuilder(
                        "systemd-socket-activate",
                        "-l",
                        address.toString(),
                        "--setenv=HGPLAIN=1",
                        "--setenv=PATH=" + System.getenv("PATH"),
                        daemon,
                        "serve",
                        "--quiet");
        builder.redirectErrorStream(true).redirectOutput(directory.resolve("cold.log").toFile());
        Process process = builder.start();
        while (!Files.exists(address)) {
            Pause.of(5);
        }
        Pause.of(50); // from bind(2) to listen(2)
        Server server = new Server("cold", process, address, 0);
        try {
            long start = System.nanoTime();
            long nanos;
            try (Connection connection = new Connection(server)) {
                if (!command.isEmpty()) {
                    String answer = connection.run(command);
                    results.check("cold", "log -l1", answer, repository.answer("log -l1"));
                }
                nanos = System.nanoTime() - start;
            }
            return nanos;
        } finally {
            server.close();
        }
    }
}
