package org.hgcmdserver.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.hgcmdserver.posix.PlatformPath;
import org.hgcmdserver.posix.PlatformString;
import org.junit.jupiter.api.Test;

class RunCommandTest {

    private final String here = PlatformPath.text(PlatformPath.workingDirectory());

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
    void nothingOfItIsLost() {
        String name = PlatformString.decode(new byte[] {'d', (byte) 0xe9});
        assertThat(RunCommand.absoluteCwd(List.of("--cwd", name)))
                .containsExactly("--cwd", here + "/" + name);
        assertThat(RunCommand.absoluteCwd(List.of("--cwd=" + name)))
                .containsExactly("--cwd=" + here + "/" + name);
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
