using Etcdish.ApiServer.Storage;

namespace Etcdish.ApiServer.Registry;

/// <summary>Writes an object together with what must change with it: usage of a quota, the addresses of a service.</summary>
internal static class JointWrite
{
    /// <summary>Does all of it, or nothing.</summary>
    /// <returns>
    /// How it went for the object. If it was refused although the object is still as expected, a companion has changed meanwhile, and the
    /// whole is worth another try.
    /// </returns>
    public static async ValueTask<StoreWrite> RunAsync(
        IObjectStore store, StoreAction action, List<StoreAction> companions, CancellationToken cancellation)
    {
        if (companions.Count > 0)
        {
            var commit = await store.CommitAsync([action, .. companions], cancellation);
            return new StoreWrite(commit.Succeeded, commit.Revision, commit.Succeeded ? null : commit.Current[0]);
        }

        return action switch
        {
            { Value: null } => await store.DeleteAsync(action.Key, action.ExpectedRevision, cancellation),
            { ExpectedRevision: 0 } => await store.CreateAsync(action.Key, action.Value.Value, cancellation),
            _ => await store.UpdateAsync(action.Key, action.Value.Value, action.ExpectedRevision, cancellation),
        };
    }
}
