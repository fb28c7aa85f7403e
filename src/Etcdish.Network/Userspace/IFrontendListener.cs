namespace Etcdish.Network.Userspace;

/// <summary>What listens at a frontend. Disposing ends the listening at once, and harms no connection that lives.</summary>
internal interface IFrontendListener : IDisposable
{
    /// <summary>Hears that the backends are others.</summary>
    void BackendsChanged();
}
