namespace Etcdish.Client;

/// <summary>The session's lease ended before or while a lock or leadership was waited for.</summary>
public sealed class SessionLostException()
    : Exception("the session's lease is gone, and with it every lock and leadership held through it");
