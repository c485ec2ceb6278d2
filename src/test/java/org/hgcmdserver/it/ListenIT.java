package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.hgcmdserver.posix.Users;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The socket that the daemon binds itself, and addresses that the daemon cannot serve. */
@RunsOnce
class ListenIT {

    @TempDir Path directory;

    @Test
    void onlyTheOwnerCanConnectUnlessToldOtherwise() throws Exception {
        try (Daemon daemon = Daemon.start(directory)) {
            assertThat(mode(daemon.address())).isEqualTo("rw-------");
        }
        Files.delete(directory.resolve("server.sock"));
        try (Daemon daemon = Daemon.start(directory, "--socket-mode", "0660")) {
            assertThat(mode(daemon.address())).isEqualTo("rw-rw----");
        }
    }

    @Test
    void pathLongerThanTheKernelTakes() throws Exception {
        Path deep = directory;
        while (deep.toString().length() < 150) {
            deep = Files.createDirectory(deep.resolve("a-directory-with-a-long-name"));
        }
        try (Daemon daemon = Daemon.start(deep)) {
            assertThat(daemon.log()).contains("listening at " + daemon.address());
            try (Session hg = Session.to(daemon)) {
                assertThat(hg.run("version", "-q").status()).isZero();
            }
            assertThat(serve(daemon.address())).contains("already being served by pid");
            daemon.stop();
            assertThat(daemon.address()).doesNotExist();
        }
    }

    @Test
    void nameAsLongAsTheKernelTakes() throws Exception {
        Path address = directory.resolve("s".repeat(107));
        List<String> command =
                List.of(Daemon.PROGRAM, "serve", "--debug", "--address", address.toString());
        try (Daemon daemon = Daemon.launch(directory, address, env -> {}, command)) {
            daemon.awaitLog("listening at " + address);
            try (Session hg = Session.to(daemon)) {
                assertThat(hg.run("version", "-q").status()).isZero();
            }
            assertThat(serve(address)).contains("already being served by pid");
            daemon.stop();
            assertThat(address).doesNotExist();
        }
        assertThat(serve(directory.resolve("s".repeat(108)))).contains("File name too long");
    }

    @Test
    void directoryThatSomebodyKeepsLocked() throws Exception {
        Process locker = new ProcessBuilder("flock", directory.toString(), "sleep", "1000").start();
        try (Daemon daemon = Daemon.start(Files.createDirectory(directory.resolve("other")))) {
            // the lock is taken once this fails
            Processes.await()
                    .until(
                            () ->
                                    Processes.run(
                                                            directory,
                                                            "flock",
                                                            "-n",
                                                            directory.toString(),
                                                            "true")
                                                    .status()
                                            != 0);
            assertThat(serve(directory.resolve("s"))).contains("keeps the directory");
            daemon.stop();
        } finally {
            for (long child : Processes.children(locker.pid())) {
                Processes.signal(child, "KILL");
            }
            locker.destroyForcibly();
        }
    }

    @Test
    void liveServerKeepsItsSocket() throws Exception {
        try (Daemon daemon = Daemon.start(directory)) {
            assertThat(serve(daemon.address()))
                    .contains("already being served by pid " + daemon.pid());
            try (Session hg = Session.to(daemon)) {
                assertThat(hg.run("version", "-q").status()).isZero();
            }
            daemon.stop();
        }
    }

    @Test
    void staleSocketIsReplaced() throws Exception {
        try (Daemon first = Daemon.start(directory)) {
            Processes.signal(first.pid(), "KILL");
            assertThat(first.awaitExit()).isNotZero();
            assertThat(first.address()).exists();
        }
        try (Daemon second = Daemon.start(directory);
                Session hg = Session.to(second)) {
            assertThat(second.log()).contains("replaced the stale socket");
            assertThat(hg.run("version", "-q").status()).isZero();
        }
    }

    @Test
    void ofTwoThatStartAtTheSameTimeOneServes() throws Exception {
        Path address = directory.resolve("server.sock");
        List<String> command =
                List.of(Daemon.PROGRAM, "serve", "--debug", "--address", address.toString());
        for (int round = 0; round < 3; round++) {
            try (Daemon a = Daemon.launch(directory, address, env -> {}, command);
                    Daemon b = Daemon.launch(directory, address, env -> {}, command)) {
                Processes.await().until(() -> !a.isAlive() || !b.isAlive());
                Daemon winner = a.isAlive() ? a : b;
                Daemon loser = a.isAlive() ? b : a;
                assertThat(loser.awaitExit()).isEqualTo(1);
                assertThat(loser.log()).contains("already being served by pid " + winner.pid());
                winner.awaitLog("listening at");
                try (Session hg = Session.to(winner)) {
                    assertThat(hg.run("version", "-q").status()).isZero();
                }
            }
        }
    }

    @Test
    void fileAtThePathIsNotTouched() throws Exception {
        Path file = Files.writeString(directory.resolve("file"), "precious");
        assertThat(serve(file)).contains("an existing file, not a socket").contains("--address");
        assertThat(file).hasContent("precious");
    }

    @Test
    void symbolicLinkAtThePathIsNotFollowed() throws Exception {
        Path target = directory.resolve("target");
        Path link = Files.createSymbolicLink(directory.resolve("link"), target);
        assertThat(serve(link)).contains("a symbolic link, not a socket");
        assertThat(link).isSymbolicLink();
        assertThat(target).doesNotExist();
    }

    @Test
    void missingDirectory() throws Exception {
        Path missing = directory.resolve("missing");
        assertThat(serve(missing.resolve("s"))).contains("mkdir -m 700 -p " + missing);
    }

    @Test
    void unwritableDirectory() throws Exception {
        Path locked = Files.createDirectory(directory.resolve("locked"));
        Files.setPosixFilePermissions(locked, PosixFilePermissions.fromString("r-xr-xr-x"));
        // /proc refuses even root
        Path refusing =
                System.getProperty("user.name").equals("root") ? Path.of("/proc/self") : locked;
        assertThat(serve(refusing.resolve("s"))).contains("--address");
    }

    @Test
    void directoryThatEverybodyCanWriteTo() throws Exception {
        Path open = Files.createDirectory(directory.resolve("open"));
        Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxrwxrwx"));
        assertThat(serve(open.resolve("s"))).contains("chmod go-w " + open);
    }

    @Test
    void directoryThatAGroupCanWriteTo() throws Exception {
        Path groups = Files.createDirectory(directory.resolve("group's"));
        Files.setPosixFilePermissions(groups, PosixFilePermissions.fromString("rwxrwxr-x"));
        assertThat(serve(groups.resolve("s"))).contains("chmod go-w " + groups);
        Path inside = Files.createDirectory(groups.resolve("private"));
        assertThat(serve(inside.resolve("s"))).contains("chmod go-w " + groups);
        Path safe = Files.createDirectory(directory.resolve("safe"));
        Path link = Files.createSymbolicLink(groups.resolve("link"), safe);
        assertThat(serve(link.resolve("s"))).contains("chmod go-w " + groups);
    }

    @Test
    void directoryOfAnotherUser() throws Exception {
        LeftOut.unless(Users.isRoot(), "only root can give a directory away");
        Path others = Files.createDirectory(directory.resolve("other's"));
        Files.setAttribute(others, "unix:uid", 12345);
        assertThat(serve(others.resolve("s"))).contains(others + " belongs to uid 12345");
        Path inside = Files.createDirectories(others.resolve("our's/own"));
        assertThat(serve(inside.resolve("s"))).contains(others + " belongs to uid 12345");
        Path sticky = Files.createDirectory(directory.resolve("sticky"));
        Files.setPosixFilePermissions(sticky, PosixFilePermissions.fromString("rwxrwxrwx"));
        Processes.run(directory, "chmod", "+t", sticky.toString()).succeeded();
        Path stale = sticky.resolve("s");
        Processes.run(
                        directory,
                        "python3",
                        "-c",
                        "import socket,sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])",
                        stale.toString())
                .succeeded();
        Files.setAttribute(stale, "unix:uid", 12345);
        assertThat(serve(stale)).contains("a socket that uid 12345 has left");
        assertThat(stale).exists();
    }

    @Test
    void abstractName() throws Exception {
        Processes.Result result =
                Processes.run(directory, Daemon.PROGRAM, "serve", "--address", "@name");
        assertThat(result.status()).isEqualTo(64);
        assertThat(result.err()).contains("'@name' is an abstract name").contains("give a path");
    }

    @Test
    void defaultAddressOfAUserHasADirectoryOfItsOwn() throws Exception {
        if (System.getProperty("user.name").equals("root")) {
            return; // root's default is one address for the whole host, which may be in use
        }
        Path runtime = Files.createDirectory(directory.resolve("runtime"));
        Path address = runtime.resolve("hg-cmdserver/server.sock");
        List<String> command = List.of(Daemon.PROGRAM, "serve", "--debug");
        try (Daemon daemon =
                Daemon.launch(
                        directory,
                        address,
                        env -> env.put("XDG_RUNTIME_DIR", runtime.toString()),
                        new ArrayList<>(command))) {
            daemon.awaitLog("listening at " + address);
            assertThat(mode(address.getParent())).isEqualTo("rwx------");
            daemon.stop();
        }
    }

    /** Tries to serve there; returns the error, which is one line. */
    private String serve(Path address) throws Exception {
        Processes.Result result =
                Processes.run(directory, Daemon.PROGRAM, "serve", "--address", address.toString());
        assertThat(result.status()).isEqualTo(1);
        assertThat(result.err().lines().filter(l -> l.contains("hg-cmdserver:"))).hasSize(1);
        assertThat(result.err().lines()).hasSize(1);
        return result.err();
    }

    private static String mode(Path path) throws Exception {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }
}
