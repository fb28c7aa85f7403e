using System.Text.Json;
using System.Text.Json.Nodes;
using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Registry;
using Etcdish.ApiServer.Storage;

namespace Etcdish.ApiServer.Extensions;

/// <summary>
/// Serves what definitions define: follows them in the store, so that all servers of one store agree, accepts their names, keeps the
/// directory of resources up to date, and has the objects of those deleted that are on their way out. One loop does it all.
/// </summary>
internal sealed class DefinitionController(
    IObjectStore store,
    ResourceDirectory resources,
    ObjectWriter writer,
    MetadataRules metadata,
    DefinitionCleanup cleanup,
    Action<string> warn)
    : IAsyncDisposable
{
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(500);

    private readonly SortedDictionary<string, Entry> _definitions = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stopping = new();
    private Task _running = Task.CompletedTask;

    private ResourceType Definitions => resources.Find("apiextensions.k8s.io", "v1", "customresourcedefinitions")!;

    /// <summary>Reads what there is, serves it, and follows it from there on.</summary>
    /// <exception cref="StoreUnavailableException">The store does not answer.</exception>
    public async Task StartAsync(CancellationToken cancellation)
    {
        var revision = await LoadAsync(cancellation);
        _running = Task.Run(() => RunAsync(revision), CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running;
        _stopping.Dispose();
    }

    private async Task RunAsync(long revision)
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                await FollowAsync(revision);
                revision = await LoadAsync(_stopping.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (Exception e) when (
                e is StoreUnavailableException or StoreCompactedException or JsonException or InvalidOperationException)
            {
                // What was missed, or could not be understood, is read anew.
                warn($"custom resource definitions are not followed at the moment: {e.Message}");
                revision = await ReloadAsync();
            }
        }
    }

    private async Task<long> ReloadAsync()
    {
        while (true)
        {
            try
            {
                await Task.Delay(_pause, _stopping.Token);
                return await LoadAsync(_stopping.Token);
            }
            catch (OperationCanceledException)
            {
                return 0;
            }
            catch (Exception e) when (e is StoreUnavailableException or JsonException or InvalidOperationException)
            {
                // It was told when it began.
            }
        }
    }

    private async Task<long> LoadAsync(CancellationToken cancellation)
    {
        var page = await store.ListAsync(new StorePageRequest(Definitions.Prefix), cancellation);
        _definitions.Clear();
        foreach (var item in page.Objects)
        {
            Take(Definitions.Split(System.Text.Encoding.UTF8.GetString(item.Key.Span)).Name, item.Value);
        }

        await ServeAsync(cancellation);
        resources.Reach(page.Revision);
        return page.Revision;
    }

    private async Task FollowAsync(long revision)
    {
        await foreach (var changes in store.Watch(Definitions.Prefix, revision + 1).WithCancellation(_stopping.Token))
        {
            foreach (var change in changes.Items)
            {
                Take(Definitions.Split(change.Key).Name, change.Value);
            }

            if (changes.Items.Count == 0)
            {
                continue;
            }

            await ServeAsync(_stopping.Token);
            resources.Reach(changes.Revision);
        }
    }

    private void Take(string name, ReadOnlyMemory<byte>? value)
    {
        if (value is { } bytes)
        {
            Take(name, ApiJson.Parse(bytes.Span));
        }
        else
        {
            _definitions.Remove(name);
        }
    }

    private void Take(string name, JsonObject definition)
    {
        var before = _definitions.GetValueOrDefault(name);
        var isSame = before is not null && before.Fingerprint == Entry.FingerprintOf(definition);
        _definitions[name] = new Entry(definition, isSame ? before!.Resource : MakeResource(name, definition));
    }

    private CustomResource? MakeResource(string name, JsonObject definition)
    {
        if (!Conditions.IsTrue(definition.Part("status"), "Established"))
        {
            return null;
        }

        try
        {
            return CustomResource.Of(definition, resources.RootPrefix);
        }
        catch (Exception e) when (e is ArgumentException or FormatException or InvalidOperationException)
        {
            warn($"the custom resource definition {name} is not served: {e.Message}");
            return null;
        }
    }

    private void Publish()
    {
        var custom = _definitions.Values.Select(entry => entry.Resource).OfType<CustomResource>().ToArray();
        var served = custom.SelectMany(resource => resource.Served)
            .OrderBy(type => type.Info.Group, StringComparer.Ordinal)
            .ThenByDescending(type => VersionRank.Of(type.Info.Version))
            .ThenBy(type => type.Info.Name, StringComparer.Ordinal).ToArray();
        var unserved = custom.Where(resource => resource.Served.Count == 0).Select(resource => resource.Storage).ToArray();
        if (!resources.All.Skip(resources.BuiltIn.Count).SequenceEqual(served)
            || !resources.Current.Stores.Where(type => type.Custom is not null).Except(served).SequenceEqual(unserved))
        {
            resources.SetCustom(served, unserved);
        }

        foreach (var (name, entry) in _definitions.Where(pair => pair.Value.Definition.IsBeingDeleted()))
        {
            cleanup.Begin(name, entry.Resource?.Storage);
        }
    }

    /// <summary>
    /// Decides about names, serves what is accepted, and only then writes that into the status: who sees the condition finds the resource.
    /// </summary>
    private async Task ServeAsync(CancellationToken cancellation)
    {
        var decided = AcceptNames();
        Publish();
        foreach (var name in decided)
        {
            await WriteStatusAsync(name, cancellation);
        }
    }

    /// <summary>Decides about names, one definition after the other; returns those whose status changes by that.</summary>
    private List<string> AcceptNames()
    {
        var changed = new List<string>();
        foreach (var (name, entry) in _definitions.ToArray())
        {
            var definition = (JsonObject)entry.Definition.DeepClone();
            if (!definition.IsBeingDeleted() && DefinitionNames.Update(definition, OthersOf(name), metadata.Now()))
            {
                Take(name, definition);
                changed.Add(name);
            }
        }

        return changed;
    }

    /// <summary>The names that others have in the group of a definition.</summary>
    private JsonObject[] OthersOf(string name)
    {
        var group = _definitions[name].Definition.Part("spec").Text("group");
        var builtIn = resources.BuiltIn.Select(type => type.Info).Where(info => info.Group == group).Select(info => new JsonObject
        {
            ["plural"] = info.Name,
            ["singular"] = info.Singular,
            ["kind"] = info.Kind,
            ["listKind"] = info.Kind + "List",
            ["shortNames"] = new JsonArray([.. info.ShortNames.Select(text => (JsonNode)text)]),
        });
        return [.. builtIn, .. _definitions.Where(pair => pair.Key != name && pair.Value.Definition.Part("spec").Text("group") == group)
            .Select(pair => pair.Value.Definition.Part("status").Part("acceptedNames")).OfType<JsonObject>()];
    }

    private async Task WriteStatusAsync(string name, CancellationToken cancellation)
    {
        var others = OthersOf(name);
        try
        {
            var request = new WriteRequest(Definitions, "", name) { Part = UpdatePart.Status };
            await writer.UpdateAsync(request, stored =>
            {
                if (!stored!.IsBeingDeleted())
                {
                    DefinitionNames.Update(stored!, others, metadata.Now());
                }

                return stored!;
            }, cancellation);
        }
        catch (ApiException e) when (e.Code == 404)
        {
            // Deleted meanwhile: that comes as a change.
        }
        catch (ApiException e)
        {
            warn($"the status of the custom resource definition {name} cannot be written: {e.Message}");
        }
    }

    /// <summary>A definition with what is served of it, which stays the same until what it depends on changes.</summary>
    private sealed record Entry(JsonObject Definition, CustomResource? Resource)
    {
        public string Fingerprint { get; } = FingerprintOf(Definition);

        public static string FingerprintOf(JsonObject definition)
        {
            var status = definition.Part("status");
            return $"{definition.Uid()} {definition.Part("metadata").Number("generation")} {Conditions.IsTrue(status, "Established")} "
                + $"{definition.IsBeingDeleted()} {status.Part("acceptedNames")?.ToJsonString()}";
        }
    }
}
