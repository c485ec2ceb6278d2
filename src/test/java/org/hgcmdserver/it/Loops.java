package org.hgcmdserver.it;

/**
 * The lengths of the loops in which rare faults may appear. Longer ones than a developer's are for
 * forked workers, which share a template, a pool and caches; each spawned worker is a new process.
 */
final class Loops {

    private Loops() {}

    /**
     * @param name of the property {@code hgcmdserver.NAME}, which sets the length with forked
     *     workers
     * @param usual the length without the property, and with spawned workers
     */
    static int length(String name, int usual) {
        return Daemon.PREFORK ? Integer.getInteger("hgcmdserver." + name, usual) : usual;
    }
}
