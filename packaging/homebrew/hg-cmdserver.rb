# The formula for a Homebrew tap. A release replaces the words between at signs; see .github/CONTRIBUTING.md.
class HgCmdserver < Formula
  desc "Mercurial's command server as a service of the host"
  homepage "https://hgcmdserver.org/"
  url "https://hgcmdserver.org/releases/hg-cmdserver-@version@.tar.gz"
  sha256 "@sha256@"
  license "GPL-2.0-or-later"

  depends_on "mercurial"
  depends_on "openjdk"

  def install
    system "sh", "install.sh", "--prefix", prefix
    # the path that stays when another release is installed
    inreplace Dir[pkgshare/"launchd/*.plist"], prefix.to_s, opt_prefix.to_s
    (bin/"hg-cmdserver").unlink
    (bin/"hg-cmdserver").write_env_script opt_pkgshare/"bin/hg-cmdserver", Language::Java.overridable_java_home_env("17+")
  end

  def caveats
    <<~EOS
      A server of your own, which launchd starts for the first client:
        launchctl bootstrap gui/$(id -u) #{opt_pkgshare}/launchd/org.hgcmdserver.agent.plist
    EOS
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/hg-cmdserver --version")
    system bin/"hg-cmdserver", "serve", "--check", "--address", testpath/"server.sock"
  end
end
