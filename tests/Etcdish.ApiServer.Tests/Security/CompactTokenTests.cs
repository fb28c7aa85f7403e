using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Etcdish.ApiServer.Security.Tokens;
using Etcdish.Testing;

namespace Etcdish.ApiServer.Tests.Security;

/// <summary>Signed claims: what we sign others can verify, and nothing else passes.</summary>
public class CompactTokenTests
{
    private SigningKey _key = null!;
    private string _token = null!;

    [SetUp]
    public void Sign()
    {
        _key = SigningKey.Make();
        _token = CompactToken.Sign(new JsonObject { ["sub"] = "me", ["n"] = 1 }, _key);
    }

    [TearDown]
    public void Dispose() => _key.Dispose();

    [Test]
    public void Claims_come_back() => Assert.That(CompactToken.Verify(_token, _key)?.ToJsonString(), Is.EqualTo("""{"sub":"me","n":1}"""));

    [Test]
    public void The_published_key_verifies_a_token_by_the_rules_of_its_head()
    {
        var key = _key.ToJsonWebKey();
        var parts = _token.Split('.');
        var head = JsonNode.Parse(Base64Url.DecodeFromChars(parts[0]))!;
        using var other = ECDsa.Create(new ECParameters
        {
            Curve = ECCurve.NamedCurves.nistP256,
            Q = new ECPoint { X = Base64Url.DecodeFromChars((string)key["x"]!), Y = Base64Url.DecodeFromChars((string)key["y"]!) },
        });

        Assert.That(((string?)head["alg"], (string?)head["kid"]), Is.EqualTo(("ES256", _key.Id)));
        Assert.That(
            other.VerifyData(Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"), Base64Url.DecodeFromChars(parts[2]), HashAlgorithmName.SHA256),
            Is.True);
        Assert.That(_key.Id, Is.EqualTo(Base64Url.EncodeToString(SHA256.HashData(other.ExportSubjectPublicKeyInfo()))));
    }

    [Test]
    public void No_character_can_be_another_one()
    {
        const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \n";
        for (var i = 0; i < _token.Length; i++)
        {
            // At the end of a part, other characters may stand for the same bits; elsewhere two of them are enough.
            var others = i + 1 == _token.Length || _token[i + 1] == '.' ? Alphabet : Alphabet[(i % 60)..(i % 60 + 3)];
            foreach (var other in others.Where(other => other != _token[i]))
            {
                var changed = _token[..i] + other + _token[(i + 1)..];
                Assert.That(CompactToken.Verify(changed, _key), Is.Null, $"character {i} of {_token} became {other}");
            }
        }
    }

    [Test]
    public void Nothing_can_be_added_or_left_out()
    {
        foreach (var changed in new[] { _token + "A", _token + ".", "A" + _token, _token + "==", _token[..^1], _token[1..], "..", "", _token + "." + _token })
        {
            Assert.That(CompactToken.Verify(changed, _key), Is.Null, changed);
        }
    }

    [TestCase("""{"alg":"none","kid":"KID"}""")]
    [TestCase("""{"alg":"None"}""")]
    [TestCase("""{"alg":"HS256","kid":"KID"}""")]
    [TestCase("""{"alg":"RS256","kid":"KID"}""")]
    [TestCase("""{"kid":"KID","alg":"ES256"}""")]
    [TestCase("""{"alg":"ES256","kid":"KID","crit":["b64"]}""")]
    [TestCase("""{"alg":"ES256","kid":"other"}""")]
    public void Another_head_is_refused_even_if_its_signature_holds(string head)
    {
        var payload = _token.Split('.')[1];
        var start = $"{Base64Url.EncodeToString(Encoding.ASCII.GetBytes(head.Replace("KID", _key.Id)))}.{payload}";
        var signature = Base64Url.EncodeToString(_key.Sign(Encoding.ASCII.GetBytes(start)));

        Assert.That(CompactToken.Verify($"{start}.{signature}", _key), Is.Null);
        Assert.That(CompactToken.Verify($"{start}.", _key), Is.Null);
    }

    [Test]
    public void The_token_of_another_key_is_refused()
    {
        using var other = SigningKey.Make();
        Assert.That(CompactToken.Verify(_token, other), Is.Null);
    }

    [Test]
    public void A_key_is_made_once_and_only_its_owner_may_read_it()
    {
        using var folder = new TemporaryFolder();
        using var made = SigningKey.Open(folder.File("sa.key"));
        using var read = SigningKey.Open(folder.File("sa.key"));

        Assert.That(read.Id, Is.EqualTo(made.Id));
        Assert.That(CompactToken.Verify(CompactToken.Sign([], made), read), Is.Not.Null);
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        Assert.That(File.GetUnixFileMode(folder.File("sa.key")), Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite));
    }

    [Test]
    public void A_file_that_holds_no_key_is_told()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("sa.key"), "nothing");

        Assert.That(() => SigningKey.Open(folder.File("sa.key")), Throws.InstanceOf<IOException>().With.Message.Contains("sa.key holds no private key"));
    }
}
