/**
 * A reload: another image of the program takes over the process, and no client notices. {@link
 * org.hgcmdserver.reload.Reload} has the states, {@link org.hgcmdserver.reload.Reexec} checks and
 * executes the program, {@link org.hgcmdserver.reload.Handover} is the text that one image leaves
 * to the next.
 *
 * <p>What crosses the exec (execve(2)), and nothing else:
 *
 * <ul>
 *   <li>descriptors: 0 to 2, the listening sockets, the connections and lines of busy workers, the
 *       sealed memory file with the handover; {@code ProcessImage.replace} makes all others
 *       close-on-exec
 *   <li>the process: its pid, its children, its being a subreaper, its working directory, its
 *       limits
 *   <li>signals: the launcher's blocked SIGHUP, SIGINT and SIGTERM, pending ones with them
 *   <li>the environment, with the variable HG_CMDSERVER_HANDOVER
 * </ul>
 *
 * <p>May depend on {@code worker}, {@code children}, {@code listener}, {@code host} and {@code
 * posix}; does not know the service or the command line.
 */
package org.hgcmdserver.reload;
