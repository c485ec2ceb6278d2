package org.hgcmdserver.worker.prefork;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TemplateProgramTest {

    private static final Path MAIN = Path.of("/lib/main.py");

    @TempDir Path directory;
    private Path hg;

    @BeforeEach
    void writeScript() throws Exception {
        hg = Files.writeString(directory.resolve("hg"), "#! /usr/bin/python3 -I\nimport sys\n");
    }

    private TemplateProgram program() {
        return new TemplateProgram(
                hg.toString(),
                List.of("-R", "r"),
                MAIN,
                new TemplateProgram.Settings(1, Optional.empty(), 2, Optional.empty()));
    }

    @Test
    void interpreterIsTheOneThatTheScriptNames() throws Exception {
        TemplateProgram program = program();
        assertThat(program.commandServer().arguments())
                .startsWith("/usr/bin/python3", "-I", "/lib/main.py", "pipe", hg.toString())
                .endsWith("--", "-R", "r");
        Files.writeString(hg, "#!/opt/python\n");
        assertThat(program.commandServer().program()).isEqualTo("/opt/python");
        assertThat(program.templateArguments(Optional.of(directory)).get(0))
                .isEqualTo("/opt/python");
    }

    @Test
    void otherProgramIsItsOwnServer() throws Exception {
        TemplateProgram program = program();
        Files.writeString(hg, "#!/bin/sh\n");
        assertThat(program.commandServer().program()).isEqualTo(hg.toString());
        assertThatThrownBy(() -> program.templateArguments(Optional.of(directory)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("not a Python script");
    }

    /**
     * For example without a free descriptor; such a failure must not give a client a less strict
     * server.
     */
    @Test
    void scriptThatCannotBeReadIsTakenForWhatItWas() throws Exception {
        TemplateProgram program = program();
        Files.delete(hg);
        Files.createDirectory(hg); // stands for any read failure
        assertThat(program.commandServer().program()).isEqualTo("/usr/bin/python3");
        Files.delete(hg); // the error must name hg, not Python
        assertThat(program.commandServer().program()).isEqualTo(hg.toString());
    }
}
