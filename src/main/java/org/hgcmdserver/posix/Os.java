package org.hgcmdserver.posix;

/** The operating system; this class loads no native code. */
public final class Os {

    public static final boolean LINUX = System.getProperty("os.name").equals("Linux");

    private Os() {}
}
