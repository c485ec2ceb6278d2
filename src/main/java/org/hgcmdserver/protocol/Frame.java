package org.hgcmdserver.protocol;

/**
 * One frame from a server.
 *
 * @param channel where it came in; null for an optional channel that this version does not know
 * @param size on an input channel, how many bytes the server is willing to take
 * @param data on any other channel, the data
 */
public record Frame(Channel channel, int size, byte[] data) {}
