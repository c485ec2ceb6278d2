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
 * not running: a JVM's hello world, plain hg, and this daemon, all with the Java that runs this
 * program. Then measures the memory of the daemon at rest. Prints tables, writes
 * target/benchmark/start.json, and exits with status 1 after a wrong answer.
 */
public final class StartBenchmark {

    private static final String JVM = "JVM, hello world";
    private static final String READY = "daemon to READY";
    private static final String PIPE = "hg serve to hello";
    private static final String HELLO = "cold socket to hello";
    private static final String HG = "hg log";
    private static final String LOG = "cold socket to log";
    private static final String CHG = "chg log at a cold socket";
    private static final String CHG_ALONE = "chg log, own server cold";
    private static final String NOTHING = "/bin/true";
    private static final String LAUNCHER = "launcher, /bin/true as java";

    private static final Path CHG_PROGRAM = Path.of("/usr/bin/chg");

    /** The memory is measured after the daemon and the pool have given some back. */
    private static final int QUIET_MILLIS = 23_000;

    private static final int WARM_UP = 2;

    private final Path directory;
    private final String daemon;
    private final int rounds;
    private final Results results = new Results();
    private final Map<String, Samples> samples = new LinkedHashMap<>();
    private final TestRepository repository;
    private final Path noJava;
    private int sockets;

    private StartBenchmark(Path directory, Path dist, int rounds) throws Exception {
        this.directory = directory;
        daemon = dist.resolve("bin/hg-cmdserver").toString();
        this.rounds = rounds;
        repository = TestRepository.create(directory.resolve("r"), 50);
        for (String each : List.of(NOTHING, LAUNCHER, JVM, READY, PIPE, HELLO, HG, LOG)) {
            samples.put(each, new Samples());
        }
        if (Files.isExecutable(CHG_PROGRAM)) {
            samples.put(CHG, new Samples());
            samples.put(CHG_ALONE, new Samples());
        }
        noJava = Files.createDirectories(directory.resolve("no-java"));
        Files.copy(javaHome().resolve("release"), noJava.resolve("release"));
        Files.createSymbolicLink(
                Files.createDirectories(noJava.resolve("bin")).resolve("java"),
                Path.of("/bin/true"));
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
        if (samples.containsKey(CHG)) {
            ratio("chg's cold log / hg log", median(CHG) / median(HG));
            ratio("chg's cold log / with chg's own server", median(CHG) / median(CHG_ALONE));
        }
        System.out.printf("%-50s %.1f ms%n", "the launcher", median(LAUNCHER) - median(NOTHING));
        atRest("two idle workers", List.of());
        atRest("--min-idle 0", List.of("--min-idle", "0"));
    }

    /** The memory of a daemon that has had a connection, in a quiet time. */
    private void atRest(String name, List<String> options) throws Exception {
        Path address = socket();
        List<String> command = new ArrayList<>(serve("--address", address.toString()));
        command.addAll(options);
        try (Server server = Server.start(name, address, command)) {
            try (Connection connection = new Connection(server)) {
                connection.run(repository.requests().get("log -l1"));
            }
            Pause.of(QUIET_MILLIS);
            Memory.measure(server, results);
        }
    }

    private static Path javaHome() {
        return Path.of(System.getProperty("java.home"));
    }

    private List<String> serve(String... options) {
        List<String> command =
                new ArrayList<>(
                        List.of("env", "JAVA_HOME=" + javaHome(), daemon, "serve", "--quiet"));
        command.addAll(List.of(options));
        return command;
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
            case NOTHING -> time(new ProcessBuilder("/bin/true"), "");
            case LAUNCHER -> launcher();
            case READY ->
                    Server.nanosToReady(
                            directory.resolve("notify" + sockets++),
                            serve("--address", socket().toString()));
            case PIPE -> pipe();
            case HELLO -> cold(List.of());
            case HG -> hg(log);
            case CHG -> chgAtAColdSocket(log);
            case CHG_ALONE -> chgAlone(log);
            default -> cold(log);
        };
    }

    private Path socket() {
        return directory.resolve("s" + sockets++);
    }

    private long helloWorld() throws Exception {
        String java = javaHome().resolve("bin/java").toString();
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

    private long launcher() throws Exception {
        ProcessBuilder builder = new ProcessBuilder(daemon, "serve");
        builder.environment().put("JAVA_HOME", noJava.toString());
        return time(builder, "");
    }

    private long chgAlone(List<String> command) throws Exception {
        Path address = socket();
        try {
            return chg(address, command);
        } finally {
            chg(address, List.of("--kill-chg-daemon"), "");
        }
    }

    private long chgAtAColdSocket(List<String> command) throws Exception {
        try (Server server = activated()) {
            return chg(server.address(), command);
        }
    }

    private long chg(Path address, List<String> command) throws Exception {
        return chg(address, command, repository.answer("log -l1"));
    }

    private long chg(Path address, List<String> command, String right) throws Exception {
        List<String> words = new ArrayList<>(List.of(CHG_PROGRAM.toString()));
        words.addAll(command);
        ProcessBuilder builder = new ProcessBuilder(words);
        builder.environment().put("HGPLAIN", "1");
        builder.environment().put("CHGSOCKNAME", address.toString());
        return time(builder, right);
    }

    /**
     * The first client of a service that starts with it: a connection, with one command or none.
     */
    private long cold(List<String> command) throws Exception {
        try (Server server = activated()) {
            long start = System.nanoTime();
            try (Connection connection = new Connection(server)) {
                if (!command.isEmpty()) {
                    String answer = connection.run(command);
                    results.check("cold", "log -l1", answer, repository.answer("log -l1"));
                }
                return System.nanoTime() - start;
            }
        }
    }

    /** A socket whose daemon the first client starts. */
    private Server activated() throws Exception {
        Path address = socket();
        ProcessBuilder builder =
                new ProcessBuilder(
                        "systemd-socket-activate",
                        "-l",
                        address.toString(),
                        "--setenv=HGPLAIN=1",
                        "--setenv=JAVA_HOME=" + javaHome(),
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
        return new Server("cold", process, address, 0);
    }
}
