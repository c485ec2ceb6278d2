package org.hgcmdserver.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class RunCommandTest {

    private final String here = Path.of("").toAbsolutePath().toString();

    @Test
    void relativeCwdIsMeantFromHere() {
        assertThat(RunCommand.absoluteCwd(List.of("--cwd", "sub", "log")))
                .containsExactly("--cwd", here + "/sub", "log");
        assertThat(RunCommand.absoluteCwd(List.of("log", "--cwd=sub")))
                .containsExactly("log", "--cwd=" + here + "/sub");
        assertThat(RunCommand.absoluteCwd(List.of("--cwd", "/abs", "log")))
                .containsExactly("--cwd", "/abs", "log");
    }

    @Test
    void whatStandsBehindTwoDashesIsAFile() {
        assertThat(RunCommand.absoluteCwd(List.of("cat", "--", "--cwd", "sub")))
                .containsExactly("cat", "--", "--cwd", "sub");
    }

    @Test
    void cwdWithoutAValueIsLeftToMercurial() {
        assertThat(RunCommand.absoluteCwd(List.of("log", "--cwd"))).containsExactly("log", "--cwd");
    }
}
