package org.hgcmdserver.posix;

/** Which system this is; asking loads no native code. */
public final class Os {

    public static final boolean LINUX = System.getProperty("os.name").equals("Linux");

    private Os() {}
}
