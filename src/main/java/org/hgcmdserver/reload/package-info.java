/**
 * A reload: another image of the program takes over the process, and no client notices. {@link
 * org.hgcmdserver.reload.Reload} holds the states, {@link org.hgcmdserver.reload.Reexec} checks and
 * executes the program, {@link org.hgcmdserver.reload.Handover} is the text that one image hands
 * over to the next.
 *
 * <p>What crosses the exec (execve(2)), listed in one place:
 *
 * <ul>
 *   <li>descriptors: 0 to 2, the listening sockets, the connections and lines of busy workers, the
 *       sealed memory file with the handover; {@code ProcessImage.replace} makes all others
 *       close-on-exec
 *   <li>the process: its pid, children, subreaper attribute, working directory and limits
 *   <li>signals: SIGHUP, SIGINT and SIGTERM, blocked by the launcher, and pending instances of them
 *   <li>the environment, with the variables of systemd and with HG_CMDSERVER_HANDOVER
 * </ul>
 *
 * <p>The package may depend on {@code worker}, {@code children}, {@code listener}, {@code host} and
 * {@code posix}; it does not know the service or the command line.
 */
package org.hgcmdserver.reload;
