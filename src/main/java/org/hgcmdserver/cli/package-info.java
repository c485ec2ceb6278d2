/**
 * The command line: one class per command, options in, configuration out. The only package that
 * depends on all the others; it puts them together.
 */
package org.hgcmdserver.cli;
