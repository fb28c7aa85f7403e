namespace Etcdish.ApiServer.Tests;

/// <summary>Which store a test runs on.</summary>
public enum StoreKind
{
    InProcess,
    GenuineEtcd,
}
