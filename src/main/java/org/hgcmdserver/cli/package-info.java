/**
 * The command line: one class per command, options in, configuration out. The only package that
 * depends on all the others; it puts them together. picocli's annotations declare the options once,
 * for help, documents, the configuration file and {@code OptionTable}, with which {@code serve}
 * starts fast.
 */
package org.hgcmdserver.cli;
