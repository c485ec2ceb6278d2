/**
 * The command line: one class per command, options in, configuration out. The only package that
 * knows all the others, and the one where they are put together.
 */
package org.hgcmdserver.cli;
