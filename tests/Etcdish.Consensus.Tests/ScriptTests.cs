using Etcdish.Consensus.Tests.Scripting;
using Etcdish.Testing;

namespace Etcdish.Consensus.Tests;

/// <summary>
/// Conversations between members, with every message. A change of behaviour shows as a difference of these files; to accept it, run with
/// ETCDISH_REWRITE_SCRIPTS=1 and read what changed.
/// </summary>
[TestFixture]
internal sealed class ScriptTests
{
    [TestCaseSource(nameof(Scripts))]
    public void The_conversation_goes_as_written(string name)
    {
        var file = Path.Combine(Folder(), name + ".txt");
        var script = File.ReadAllText(file);
        var played = new ScriptRunner().Play(script);
        if (Environment.GetEnvironmentVariable("ETCDISH_REWRITE_SCRIPTS") == "1")
        {
            File.WriteAllText(file, played);
            return;
        }

        Assert.That(played, Is.EqualTo(script));
    }

    private static IEnumerable<string> Scripts() =>
        Directory.GetFiles(Folder(), "*.txt").Select(file => Path.GetFileNameWithoutExtension(file)).Order(StringComparer.Ordinal);

    private static string Folder() => Path.Combine(RepositoryRoot.Find(), "tests", "Etcdish.Consensus.Tests", "Scripts");
}
