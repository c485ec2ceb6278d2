package org.hgcmdserver.it;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * Options with which the JVMs of the tests' many daemons start in half the time: a class-data
 * archive of the daemon, and the JVM's usual compile threshold. The users' defaults stay those that
 * SmokeIT, FloodIT, JavaOptionsIT and the booted systems run. {@code -Dhgcmdserver.archive=FILE}
 * names the archive, which the first test makes; without the property the tests use none.
 */
final class ClassArchive {

    private static final String FILE = System.getProperty("hgcmdserver.archive");

    private static final String VARIABLE = "HG_CMDSERVER_JAVA_OPTIONS";

    /** Other variables that a JVM reads. */
    private static final List<String> OTHERS =
            List.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS");

    private ClassArchive() {}

    /** Adds the options to a daemon's environment, unless the test has chosen options. */
    static void addTo(Map<String, String> environment) throws IOException {
        if (FILE == null
                || environment.containsKey(VARIABLE)
                || OTHERS.stream().anyMatch(environment::containsKey)) {
            return;
        }
        Path archive = archive();
        if (!Files.exists(archive)) {
            make(archive);
        }
        String sharing = Files.size(archive) == 0 ? "" : "-XX:SharedArchiveFile=" + archive + " ";
        environment.put(VARIABLE, sharing + "-XX:CompileThresholdScaling=1");
    }

    /** A name for this Java and this build: a JVM warns of an archive of others. */
    private static Path archive() throws IOException {
        long newest = 0;
        try (Stream<Path> jars = Files.list(Daemon.DIST.resolve("lib"))) {
            for (Path jar : jars.toList()) {
                newest = Math.max(newest, Files.getLastModifiedTime(jar).toMillis());
            }
        }
        int java = Objects.hash(System.getenv("JAVA_HOME"), System.getProperty("java.vm.version"));
        return Path.of("%s-%x-%x.jsa".formatted(FILE, newest, java)).toAbsolutePath();
    }

    /** Makes the archive, unless another JVM of the tests does. */
    private static void make(Path archive) throws IOException {
        Path lock = Path.of(archive + ".lock");
        try (FileChannel file =
                FileChannel.open(lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            file.lock();
            if (Files.exists(archive)) {
                return;
            }
            Path directory = Files.createTempDirectory("archive");
            Path made = Path.of(archive + ".new");
            try (Daemon daemon =
                    Daemon.start(
                            directory,
                            env -> env.put(VARIABLE, "-XX:ArchiveClassesAtExit=" + made))) {
                Session.to(daemon).close();
                daemon.awaitNoConnection();
                daemon.stop();
                if (!isUsable(made)) {
                    System.out.println("left out: this Java has no use for a class-data archive");
                    Files.deleteIfExists(made);
                    Files.createFile(made);
                }
            }
            Files.move(made, archive, StandardCopyOption.ATOMIC_MOVE);
            try (Stream<Path> files = Files.list(directory)) {
                for (Path each : files.toList()) {
                    Files.delete(each);
                }
            }
            Files.delete(directory);
        } catch (IOException | RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IOException(e);
        }
    }

    /** Whether a JVM takes the archive, without a word. */
    private static boolean isUsable(Path archive) throws Exception {
        if (!Files.exists(archive)) {
            return false;
        }
        ProcessBuilder builder = new ProcessBuilder(Daemon.PROGRAM, "--version");
        builder.environment().put(VARIABLE, "-Xshare:on -XX:SharedArchiveFile=" + archive);
        Process process = builder.redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), UTF_8);
        return process.waitFor() == 0 && output.lines().count() == 1;
    }
}
