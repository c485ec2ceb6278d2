/**
 * The command line: one class per command, options in, configuration out. The only package that
 * depends on all the others; it puts them together. Each option is declared once, as an {@code
 * Option} in a field: for help and documents, which {@code PicocliModel} gives to picocli, for the
 * configuration file, and for {@code OptionTable}, with which {@code serve} starts fast.
 */
package org.hgcmdserver.cli;
